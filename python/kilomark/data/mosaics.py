"""Training images for the face finder: faces of all sizes placed over backgrounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from kilomark.data.geometry import (
    ONE_PIXEL_LESS,
    apply_map,
    box_of,
    corners_of,
    crop_map,
    warp,
)
from kilomark.data.photometry import cover_rectangle, degrade, dim

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kilomark.data.mosaic_sources import FaceSources, Source

MAX_FACES = 32  # 25 cells, and faces in their photos that nobody labelled
_MIRRORED_KEYPOINTS = [1, 0, 2, 4, 3]
_LEAST_FACE_PX = 11.0
_LEAST_FACE_TO_FIND_PX = 12.5  # below, a face is a blob, and not to be told from one
_SOFTNESS = 0.35  # of an image whose faces are small
_GREY_SHARE = 0.3  # grey small faces are harder to find than coloured ones
_LEAST_CONTRAST = 4.0  # standard deviation of a face's pixels, of 255
_GRID_SHARES = (0.2, 0.15, 0.17, 0.23, 0.25)  # of images of 1, 2, ... cells a side
_LEAST_CELL_PX = 40
_DIM_SHARE = 0.12  # of the faces, and again of the images
_ZOOM_LOG = (-0.2, 1.0)  # of false faces: as a whole photo shows them, or as a tile of it does
_LARGEST_SHARE = 1.05  # of the cell's shorter side: some faces run out of the image


class Mosaic(NamedTuple):
    """One training image and its faces; unused rows have state ``NONE``.

    Attributes:
        image: (size, size, 3) uint8 RGB.
        boxes: (MAX_FACES, 4) float32, x0 y0 x1 y1 in pixels.
        keypoints: (MAX_FACES, 5, 2) float32.
        state: (MAX_FACES,) int64, NONE, FACE, or IGNORED where a face is hardly seen or nobody
            labelled it.
    """

    image: np.ndarray[Any, Any]
    boxes: np.ndarray[Any, Any]
    keypoints: np.ndarray[Any, Any]
    state: np.ndarray[Any, Any]


NONE, FACE, IGNORED = 0, 1, 2


class _Placed(NamedTuple):
    """What became of a face in the image."""

    box: np.ndarray[Any, Any]  # (4,)
    keypoints: np.ndarray[Any, Any]  # (5, 2)
    state: int

    def moved(self, by: np.ndarray[Any, Any]) -> _Placed:
        return _Placed(self.box + np.tile(by, 2), self.keypoints + by, self.state)


@dataclass(frozen=True, slots=True, eq=False)
class Mosaics:
    """An endless, reproducible stream of images: image i depends on ``seed`` and i alone.

    An image is a grid of 1, 4, ... 25 cells over a background; a cell holds an image of
    ``sources``, a background, or nothing.
    """

    sources: FaceSources
    size: int
    seed: int

    def __getitem__(self, index: int) -> Mosaic:
        rng = np.random.default_rng([self.seed, 3, index])
        canvas = self._background(self.size, self.size, rng)
        faces: list[_Placed] = []
        others: list[_Placed] = []
        grid = self._grid(rng)
        edges = self._edges(grid, rng)
        for cell in range(grid * grid):
            row, column = divmod(cell, grid)
            x0, x1 = edges[0][column : column + 2]
            y0, y1 = edges[1][row : row + 2]
            view = canvas[y0:y1, x0:x1]
            if rng.random() < 0.7:
                face, *unlabelled = self._place_face(view, rng)
                corner = np.array([x0, y0], np.float64)
                faces.append(face.moved(corner))
                others += [other.moved(corner) for other in unlabelled]
                if rng.random() < _DIM_SHARE:
                    view[:] = dim(view, rng)
            elif rng.random() < 0.5:
                view[:] = self._background(view.shape[1], view.shape[0], rng)
        image = degrade(canvas, rng, softness=_SOFTNESS, grey_share=_GREY_SHARE)
        if rng.random() < _DIM_SHARE:
            image = dim(image, rng)
        return _finished(image, [*faces, *others])

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

    def _place_face(self, view: np.ndarray[Any, Any], rng: np.random.Generator) -> list[_Placed]:
        """Draw a face into ``view``: it and the unlabelled ones beside it, in the view's pixels."""
        source = self.sources.draw(rng)
        extent = np.array(view.shape[1::-1], np.float64)
        face_px = float(np.ptp(source.outline, axis=0).max())
        limit = _LARGEST_SHARE * extent.min()
        target_px = np.exp(rng.uniform(np.log(_LEAST_FACE_PX), np.log(limit)))
        if source.natural_share is not None:
            target_px = source.natural_share * self.size * np.exp(rng.uniform(*_ZOOM_LOG))
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
        face = _Placed(box, keypoints, _state_of(box, extent) if source.has_face else NONE)
        beside = [box_of(apply_map(affine, corners_of(other))) for other in source.others]
        return [face, *(_Placed(other, np.zeros((5, 2)), IGNORED) for other in beside)]

    def _paint(
        self,
        view: np.ndarray[Any, Any],
        source: Source,
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

    def _background(
        self, width: int, height: int, rng: np.random.Generator
    ) -> np.ndarray[Any, Any]:
        image = self.sources.draw_background(rng)
        side = min(image.shape[:2]) * np.exp(rng.uniform(np.log(0.3), np.log(1.3)))
        center = rng.uniform(0.3, 0.7, 2) * image.shape[1::-1]
        affine = crop_map(
            center, side, max(width, height), angle_deg=rng.normal(0, 10), mirror=rng.random() < 0.5
        )
        return warp(image, affine, (width, height), border=cv2.BORDER_REFLECT_101)


def _finished(image: np.ndarray[Any, Any], faces: Sequence[_Placed]) -> Mosaic:
    boxes = np.zeros((MAX_FACES, 4), np.float32)
    keypoints = np.zeros((MAX_FACES, 5, 2), np.float32)
    state = np.full(MAX_FACES, NONE, np.int64)
    for row, face in enumerate(faces[:MAX_FACES]):
        boxes[row], keypoints[row], state[row] = face
        if face.state == FACE and not _is_visible(image, face.box):
            state[row] = IGNORED
    return Mosaic(image, boxes, keypoints, state)


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
