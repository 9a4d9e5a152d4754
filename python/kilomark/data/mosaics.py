"""Training images for the face finder: faces of all sizes placed over backgrounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from kilomark.data.decoys import make_decoy
from kilomark.data.geometry import (
    ONE_PIXEL_LESS,
    apply_map,
    box_of,
    box_of_image,
    corners_of,
    crop_map,
    warp,
)
from kilomark.data.photometry import cover_rectangle, degrade

if TYPE_CHECKING:
    from kilomark.data.face_crops import FaceCrops
    from kilomark.data.false_faces import FalseFaces
    from kilomark.data.packed_images import PackedImages
    from kilomark.data.scenes import Scenes

MAX_FACES = 25
_MIRRORED_KEYPOINTS = [1, 0, 2, 4, 3]
_LEAST_FACE_PX = 9.0
_LEAST_FACE_TO_FIND_PX = 12.5  # below, a face is a blob, and not to be told from one
_SOFTNESS = 0.35  # of an image whose faces are small
_LEAST_CONTRAST = 4.0  # standard deviation of a face's pixels, of 255
_GRID_SHARES = (0.4, 0.22, 0.18, 0.12, 0.08)  # of images of 1, 2, ... cells a side
_LEAST_CELL_PX = 40
_MASKED_SHARE = 0.25  # of the face crops, where there are masked ones
_LARGEST_SHARE = 1.05  # of the cell's shorter side: some faces run out of the image


class Mosaic(NamedTuple):
    """One training image and its faces; unused rows have state ``NONE``.

    Attributes:
        image: (size, size, 3) uint8 RGB.
        boxes: (MAX_FACES, 4) float32, x0 y0 x1 y1 in pixels.
        keypoints: (MAX_FACES, 5, 2) float32.
        state: (MAX_FACES,) int64, NONE, FACE, or IGNORED where a face is hardly seen.
    """

    image: np.ndarray[Any, Any]
    boxes: np.ndarray[Any, Any]
    keypoints: np.ndarray[Any, Any]
    state: np.ndarray[Any, Any]


NONE, FACE, IGNORED = 0, 1, 2


class _Source(NamedTuple):
    """An image with one face in it, ready to be placed."""

    image: np.ndarray[Any, Any]
    inside: np.ndarray[Any, Any]  # (4,) box of the usable part of the image
    outline: np.ndarray[Any, Any]  # (P, 2) points whose box is the face's box, however turned
    keypoints: np.ndarray[Any, Any]  # (5, 2)
    has_face: bool = True  # else a piece of background, so that an edge does not give a face away
    natural_share: float | None = None  # of its photo's longer side: how large it is to be drawn


@dataclass(frozen=True, slots=True, eq=False)
class Mosaics:
    """An endless, reproducible stream of images: image i depends on ``seed`` and i alone.

    An image is a grid of 1, 4, ... 25 cells over a background; a cell holds a photo with a face, a
    face crop, a background, or nothing. ``masked`` are the rows of ``faces`` to draw more often
    than their number: faces behind masks. ``false_faces`` are shown as they lie in their photos.
    """

    faces: FaceCrops
    scenes: Scenes
    backgrounds: PackedImages
    background_rows: np.ndarray[Any, Any]
    size: int
    seed: int
    keypoint_landmarks: tuple[int, ...]
    masked: np.ndarray[Any, Any]
    false_faces: FalseFaces | None = None

    def __getitem__(self, index: int) -> Mosaic:
        rng = np.random.default_rng([self.seed, 3, index])
        canvas = self._background(self.size, self.size, rng)
        boxes = np.zeros((MAX_FACES, 4), np.float32)
        keypoints = np.zeros((MAX_FACES, 5, 2), np.float32)
        state = np.full(MAX_FACES, NONE, np.int64)
        grid = self._grid(rng)
        edges = self._edges(grid, rng)
        for cell in range(grid * grid):
            row, column = divmod(cell, grid)
            x0, x1 = edges[0][column : column + 2]
            y0, y1 = edges[1][row : row + 2]
            view = canvas[y0:y1, x0:x1]
            if rng.random() < 0.7:
                box, points, state[cell] = self._place_face(view, rng)
                boxes[cell] = box + np.array([x0, y0, x0, y0])
                keypoints[cell] = points + np.array([x0, y0])
                if rng.random() < 0.06:
                    view[:] = _darken(view, rng)
            elif rng.random() < 0.5:
                view[:] = self._background(view.shape[1], view.shape[0], rng)
        image = degrade(canvas, rng, softness=_SOFTNESS)
        if rng.random() < 0.06:
            image = _darken(image, rng)
        for face in np.flatnonzero(state == FACE):
            if not _is_visible(image, boxes[face]):
                state[face] = IGNORED
        return Mosaic(image, boxes, keypoints, state)

    def _grid(self, rng: np.random.Generator) -> int:
        """Cells a side: few in a small image, so that each has room for a face."""
        shares = np.array(_GRID_SHARES[: max(1, self.size // _LEAST_CELL_PX)])
        return 1 + int(rng.choice(len(shares), p=shares / shares.sum()))

    def _edges(self, grid: int, rng: np.random.Generator) -> tuple[list[int], list[int]]:
        """Column and row edges of the cells, a little uneven."""
        even = np.linspace(0, self.size, grid + 1)
        jitter = rng.uniform(-0.12, 0.12, (2, grid + 1)) * self.size / grid
        jitter[:, [0, -1]] = 0
        columns, rows = np.round(even + jitter).astype(int).tolist()
        return columns, rows

    def _place_face(
        self, view: np.ndarray[Any, Any], rng: np.random.Generator
    ) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], int]:
        """Draw a face into ``view``; its box, keypoints and state in the view's pixels."""
        source = self._source(rng)
        extent = np.array(view.shape[1::-1], np.float64)
        face_px = float(np.ptp(source.outline, axis=0).max())
        limit = _LARGEST_SHARE * extent.min()
        target_px = np.exp(rng.uniform(np.log(_LEAST_FACE_PX), np.log(limit)))
        if source.natural_share is not None:
            target_px = source.natural_share * self.size * np.exp(rng.normal(0, 0.2))
        elif rng.random() < 0.35:  # the whole photo, as the letterbox shows it
            usable = source.inside[2:] - source.inside[:2]
            target_px = face_px * float((extent / usable).min()) * np.exp(rng.normal(0, 0.08))
        room = np.maximum(extent - target_px, 0)
        centre = extent / 2 + rng.uniform(-0.55, 0.55, 2) * room

        mirror = rng.random() < 0.5
        scale = target_px / face_px
        size = 2 * int(np.ceil(extent.max()))
        middle = (source.outline.min(0) + source.outline.max(0)) / 2
        angle = float(np.clip(rng.normal(0, 10), -45, 45))
        if rng.random() < 0.5:
            angle = float(rng.uniform(-35, 35))
        aspect = float(np.exp(rng.normal(0, 0.05)))
        affine = crop_map(middle, size / scale, size, angle_deg=angle, aspect=aspect, mirror=mirror)
        affine[:, 2] += centre - size / 2

        self._paint(view, source, affine, rng)
        box = box_of(apply_map(affine, source.outline))
        keypoints = apply_map(affine, source.keypoints)
        if mirror:
            keypoints = keypoints[_MIRRORED_KEYPOINTS]
        return box, keypoints, _state_of(box, extent) if source.has_face else NONE

    def _paint(
        self,
        view: np.ndarray[Any, Any],
        source: _Source,
        affine: np.ndarray[Any, Any],
        rng: np.random.Generator,
    ) -> None:
        size = (view.shape[1], view.shape[0])
        image = cover_rectangle(source.image, rng) if rng.random() < 0.1 else source.image
        if rng.random() < 0.1:  # out of focus or moved, while the rest is sharp
            face_px = float(np.ptp(source.outline, axis=0).max())
            image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.01, 0.05) * face_px)
        warped = warp(image, affine, size)
        mask = np.zeros(view.shape[:2], np.uint8)
        corners = apply_map(affine, corners_of(source.inside + ONE_PIXEL_LESS)) - 0.5
        cv2.fillConvexPoly(mask, np.round(corners * 16).astype(np.int32), 255, shift=4)
        if rng.random() < 0.5:
            cv2.copyTo(warped, mask, view)
            return
        soft = cv2.GaussianBlur(mask, (0, 0), rng.uniform(1, 6))
        share = np.minimum(soft, mask)[..., None].astype(np.float32) / 255
        view[:] = (view + (warped - view.astype(np.float32)) * share).astype(np.uint8)

    def _source(self, rng: np.random.Generator) -> _Source:
        kind = rng.random()
        if kind < 0.25:
            return self._source_without_face(rng)
        if kind < 0.65:
            masked = len(self.masked) > 0 and rng.random() < _MASKED_SHARE
            face = int(rng.choice(self.masked)) if masked else int(rng.integers(len(self.faces)))
            landmarks = self.faces.landmarks[face]
            return _Source(
                self.faces.image(face),
                self.faces.valid[face],
                landmarks.astype(np.float64),
                landmarks[list(self.keypoint_landmarks)].astype(np.float64),
            )
        scene = int(rng.integers(len(self.scenes)))
        image = self.scenes.image(scene)
        inside = box_of_image(image)
        outline = _ellipse_in(self.scenes.boxes[scene])
        return _Source(image, inside, outline, self.scenes.keypoints[scene].astype(np.float64))

    def _source_without_face(self, rng: np.random.Generator) -> _Source:
        """A background or a decoy, placed as faces are: an edge does not give a face away."""
        if self.false_faces and rng.random() < 0.5:
            return self._false_face(self.false_faces, rng)
        if rng.random() < 0.4:
            image = make_decoy(self.faces, rng)
            share = rng.uniform(0.6, 1.0)
        else:
            image = self.backgrounds[int(rng.choice(self.background_rows))]
            share = rng.uniform(0.3, 0.8)
        inside = box_of_image(image)
        return _Source(image, inside, corners_of(inside * share), np.zeros((5, 2)), has_face=False)

    def _false_face(self, false_faces: FalseFaces, rng: np.random.Generator) -> _Source:
        index = int(rng.integers(len(false_faces)))
        image, box = false_faces.cut(index)
        inside = box_of_image(image)
        share = float((box[2:] - box[:2]).max()) / false_faces.photo_px(index)
        return _Source(
            image, inside, corners_of(box), np.zeros((5, 2)), has_face=False, natural_share=share
        )

    def _background(
        self, width: int, height: int, rng: np.random.Generator
    ) -> np.ndarray[Any, Any]:
        image = self.backgrounds[int(rng.choice(self.background_rows))]
        side = min(image.shape[:2]) * np.exp(rng.uniform(np.log(0.3), np.log(1.3)))
        center = rng.uniform(0.3, 0.7, 2) * image.shape[1::-1]
        affine = crop_map(
            center, side, max(width, height), angle_deg=rng.normal(0, 10), mirror=rng.random() < 0.5
        )
        return warp(image, affine, (width, height), border=cv2.BORDER_REFLECT_101)


def _darken(image: np.ndarray[Any, Any], rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """A dim light: a sixth to a half of the brightness, and the noise of a short exposure."""
    noise = rng.standard_normal(image.shape[:2], np.float32)[..., None] * rng.uniform(0.5, 5)
    dim = image * np.float32(np.exp(rng.uniform(np.log(1 / 6), np.log(1 / 2)))) + noise
    return np.asarray(np.clip(dim, 0, 255), np.uint8)


def _is_visible(image: np.ndarray[Any, Any], box: np.ndarray[Any, Any]) -> bool:
    """Whether light and shade leave more than noise of a face."""
    x0, y0, x1, y1 = np.clip(np.round(box), 0, image.shape[0]).astype(int)
    return bool(image[y0:y1, x0:x1].mean(2).std() >= _LEAST_CONTRAST)


def _state_of(box: np.ndarray[Any, Any], extent: np.ndarray[Any, Any]) -> int:
    """Whether a face counts: if it is large enough, and 70 % of its box is seen.

    The others are not held against the finder.
    """
    if (box[2:] - box[:2]).max() < _LEAST_FACE_TO_FIND_PX:
        return IGNORED
    seen = np.clip(np.minimum(box[2:], extent) - np.maximum(box[:2], 0), 0, None)
    share = float(np.prod(seen) / np.prod(box[2:] - box[:2]))
    return FACE if share >= 0.7 else IGNORED


def _ellipse_in(box: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """(24, 2) points of the ellipse that fills a box: a face's outline, near enough to turn."""
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)], 1)
    center, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
    return np.asarray(center + circle * half, np.float64)
