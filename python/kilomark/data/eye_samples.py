"""Training samples for the eye network: crops of single eyes, some of them closed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from kilomark.data.eye_frames import eye_map
from kilomark.data.geometry import apply_map, warp
from kilomark.data.lid_closing import (
    close_landmarks,
    closing_maps,
    draw_lashes,
    lid_curves,
    stretch_opening,
)
from kilomark.data.photometry import cover_rectangle, degrade, dim
from kilomark.errors import InvalidInputError
from kilomark.network_inputs import EYE_CROP_SCALE
from kilomark.options import check_fraction

if TYPE_CHECKING:
    from kilomark.data.eye_frames import EyesOfFaces

__all__ = ["DEFAULT_EYE_RECIPE", "EyeRecipe", "EyeSample", "EyeSamples", "evaluation_eyes"]

Array = np.ndarray[Any, Any]

PATCH_SIZE, PATCH_PX_PER_EYE = (96, 72), 32.0
_ANGLE_DEG, _LOG_SCALE, _SHIFT = 3.5, 0.06, 0.05  # standard deviations; the shift in eye widths
_FAR_OFF_SHARE = 0.15  # of the crops; they are up to 3.2 times as far off
_LEAST_WIDTH = 0.3  # of the wider eye: narrower eyes keep the landmarks of the face
_LEAST_OPEN = 0.13  # opening below which an eye is not closed any further
_CLOSED, _CLOSING = 0.12, 0.17  # openings below which an eye is shown five times and twice as often
_LASHES_FROM = 0.6


@dataclass(frozen=True, slots=True)
class EyeRecipe:
    """What is done to the eyes of the data set.

    Attributes:
        closed: share of the open eyes that are shown closing, to a random degree.
        shut_opening: opening that the labels of shut eyes have, over the eye's width. MediaPipe's
            have 0.06. Labels near it are closed; 0 takes labels as they are.
    """

    closed: float = 0.38
    shut_opening: float = 0.06

    def __post_init__(self) -> None:
        check_fraction("--closed", self.closed)
        if not 0 <= self.shut_opening < 0.15:
            raise InvalidInputError(
                f"--shut-opening is {self.shut_opening}; expected a number from 0 to below 0.15"
            )


DEFAULT_EYE_RECIPE = EyeRecipe()


class EyeSample(NamedTuple):
    """One training sample.

    Attributes:
        image: (H, W, 3) uint8 RGB, a right eye or a mirrored left one.
        landmarks: (K, 2) float32 pixels of the crop.
    """

    image: Array
    landmarks: Array


@dataclass(frozen=True, slots=True, eq=False)
class EyeSamples:
    """An endless, reproducible stream of samples: sample i depends on ``seed`` and i alone.

    Closed eyes are drawn more often, and eyes that are turned away less often.
    """

    eyes: EyesOfFaces
    size: tuple[int, int]
    seed: int
    recipe: EyeRecipe = DEFAULT_EYE_RECIPE
    _upto: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_upto", np.cumsum(_frequencies(self.eyes)))

    def __getitem__(self, index: int) -> EyeSample:
        rng = np.random.default_rng([self.seed, 3, index])
        place = rng.random() * self._upto[-1]
        row = min(int(np.searchsorted(self._upto, place, side="right")), len(self.eyes) - 1)
        opening = float(self.eyes.opening[row])
        amount = _draw_amount(rng) if rng.random() < self.recipe.closed else 0.0
        if opening <= _LEAST_OPEN:
            amount = 0.0
        patch, landmarks = _cut_patch(self.eyes, row)
        affine = self._placed(rng)
        num_lid = self.eyes.indices.num_lid
        if amount:
            image = _closed_image(patch, landmarks, num_lid, affine, self.size, amount, rng)
            landmarks = close_landmarks(landmarks, num_lid, amount)
        else:
            image = warp(patch, affine, self.size, border=cv2.BORDER_REPLICATE)
            landmarks = stretch_opening(landmarks, num_lid, opening, self.recipe.shut_opening)
        return EyeSample(_photographed(image, rng), apply_map(affine, landmarks.astype(np.float32)))

    def _placed(self, rng: np.random.Generator) -> Array:
        """Map of the patch to the crop, about as far off as landmarks of a face place it."""
        off = 1 + rng.random() * 2.2 if rng.random() < _FAR_OFF_SHARE else 1.0
        angle = math.radians(rng.normal(0, _ANGLE_DEG * off))
        scale = math.exp(rng.normal(0, _LOG_SCALE * off))
        shift = rng.normal(0, _SHIFT * off, 2) * PATCH_PX_PER_EYE
        return _patch_map(self.size, angle, scale, shift)


def evaluation_eyes(
    eyes: EyesOfFaces, size: tuple[int, int], rows: Array, *, closed: bool = False
) -> tuple[Array, Array]:
    """Crops of eyes where the labels place them, without augmentation.

    Args:
        eyes: a validation split's.
        size: width and height of the crops.
        rows: N of the eyes.
        closed: close them.

    Returns:
        (N, H, W, 3) uint8 RGB and (N, K, 2) float32 landmarks in pixels of the crop.
    """
    affine = _patch_map(size, 0.0, 1.0, np.zeros(2))
    images, marks = [], []
    rng, num_lid = np.random.default_rng(0), eyes.indices.num_lid
    for row in rows:
        patch, landmarks = _cut_patch(eyes, int(row))
        if closed:
            images.append(_closed_image(patch, landmarks, num_lid, affine, size, 1.0, rng))
            landmarks = close_landmarks(landmarks, num_lid, 1.0)
        else:
            images.append(warp(patch, affine, size, border=cv2.BORDER_REPLICATE))
        marks.append(apply_map(affine, landmarks.astype(np.float32)))
    width, height = size
    return (
        np.array(images, np.uint8).reshape(-1, height, width, 3),
        np.array(marks, np.float32).reshape(len(rows), len(eyes.indices.right), 2),
    )


def _frequencies(eyes: EyesOfFaces) -> Array:
    """(M,) how often each eye is drawn, relative to an open one.

    Raises:
        InvalidInputError: no eye can be trained on.
    """
    often = np.ones(len(eyes))
    often[eyes.opening < _CLOSING] = 2
    often[eyes.opening < _CLOSED] = 5
    often[eyes.relative_width < 0.6] *= 0.4
    often[(eyes.relative_width < _LEAST_WIDTH) | ~np.isfinite(eyes.opening)] = 0
    if not often.sum() > 0:
        raise InvalidInputError(
            f"none of the {len(eyes)} eyes of the training split can be used; expected faces whose "
            "eye corners are apart"
        )
    return often


def _cut_patch(eyes: EyesOfFaces, row: int) -> tuple[Array, Array]:
    """Patch (72, 96, 3) around an eye, and its landmarks (K, 2) there."""
    face, is_left = int(eyes.face[row]), bool(eyes.is_left[row])
    image, landmarks = eyes.faces.image(face), eyes.faces.landmarks_of(face)
    width, height = image.shape[1::-1]
    x0, y0, x1, y1 = (int(edge) for edge in np.round(eyes.faces.valid_part(face, image)))
    x0, y0 = max(min(x0, width - 2), 0), max(min(y0, height - 2), 0)
    photo = image[y0 : max(y1, y0 + 2), x0 : max(x1, x0 + 2)]  # beyond it the border is repeated
    moved = landmarks - np.array([x0, y0], np.float32)
    affine = eye_map(moved, eyes.indices, is_left, PATCH_PX_PER_EYE, PATCH_SIZE)
    patch = warp(photo, affine, PATCH_SIZE, border=cv2.BORDER_REPLICATE)
    return patch, apply_map(affine, moved[eyes.indices.of_side(is_left)])


def _patch_map(size: tuple[int, int], angle: float, scale: float, shift: Array) -> Array:
    """Map (2, 3) of the patch to the crop."""
    factor = size[0] / EYE_CROP_SCALE / PATCH_PX_PER_EYE / scale
    cos, sin = factor * math.cos(angle), factor * math.sin(angle)
    turned = np.array([[cos, sin], [-sin, cos]])
    moved = np.array(size) / 2 - turned @ (np.array(PATCH_SIZE) / 2 + shift)
    return np.concatenate([turned, moved[:, None]], 1)


def _closed_image(
    patch: Array,
    landmarks: Array,
    num_lid: int,
    affine: Array,
    size: tuple[int, int],
    amount: float,
    rng: np.random.Generator,
) -> Array:
    """Crop of an eye that is closed by ``amount``."""
    columns, rows = np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5)
    centers = np.stack([columns, rows], -1).astype(np.float32)
    points = apply_map(cv2.invertAffineTransform(affine), centers)
    curves = lid_curves(landmarks, num_lid, patch.shape[1])
    eye_px = float(np.linalg.norm(landmarks[num_lid // 2] - landmarks[0]))
    x, y, lid = closing_maps(curves, points, amount, eye_px)
    image = cv2.remap(
        patch,
        (x - 0.5).astype(np.float32),
        (y - 0.5).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if amount > _LASHES_FROM:
        column = np.clip(x.astype(np.intp), 0, curves.shape[1] - 1)
        image = draw_lashes(image, points[..., 1], lid, (curves[1] - curves[0])[column], rng)
    return np.asarray(image, np.uint8)


def _draw_amount(rng: np.random.Generator) -> float:
    return float(rng.uniform(0.85, 1.03) if rng.random() < 0.5 else rng.uniform(0.1, 0.9))


def _photographed(image: Array, rng: np.random.Generator) -> Array:
    """Blur or sharpen, then change light and color; a rectangle covers a part now and then."""
    kind = rng.random()
    if kind < 0.4:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 2.2))
    elif kind < 0.52:
        soft = cv2.GaussianBlur(image, (0, 0), 1.0)
        amount = rng.uniform(0.3, 1.5)
        image = cv2.addWeighted(image, 1 + amount, soft, -amount, 0)
    if rng.random() < 0.08:
        image = cover_rectangle(image, rng)
    if rng.random() < 0.15:
        image = dim(image, rng)
    return degrade(np.asarray(image, np.uint8), rng, softness=0.3, gray_share=0.25)
