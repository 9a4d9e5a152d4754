"""A face detector's recall by the size of the face, on mosaics of validation faces.

One face at a time is laid over a photo that nothing was trained on. Its longer side, its tilt and
its light are set, not drawn: the same faces are looked for at every size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
from kilomark.evaluation.figures import ALONE, FinderUse, boxes_and_scores
from kilomark.evaluation.metrics import are_among, box_iou

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kilomark.data.face_crops import FaceCrops
    from kilomark.data.packed_images import PackedImages

__all__ = ["Sweep", "sweep_sizes"]

Array = np.ndarray[Any, Any]

IMAGE_PX = 512  # side of the mosaics; the finder sees them at this size, pixel for pixel
LEAST_ASKED_PX = 16  # of smaller faces the recall is measured, but nothing found is held false
SIZES_PX = (8, 12, 16, 20, 24, 32, 48, 64, 96, 128, 192, 240, 320, 400)
KINDS = ("plain", "tilted", "gray", "dark", "blurred", "masked")
TILT_DEG = 30.0  # to either side, whatever the photo's own
_BLUR = 0.03  # of the face's longer side
_DARK = 0.25  # of the light
_NO_BOXES = np.empty((0, 4), np.float32)
_GRAY_WEIGHTS = np.array([[0.299, 0.587, 0.114]] * 3, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """Recall in percent by kind, in the order of the sizes, and what was found besides.

    Attributes:
        sizes_px: longer side of the faces.
        recall_percent: by kind, one value a size.
        num_faces: in every one of these.
        precision_percent: by kind, over the sizes from `LEAST_ASKED_PX` on: a smaller face may be
            found without being met to half.
    """

    sizes_px: tuple[int, ...]
    recall_percent: Mapping[str, list[float]]
    num_faces: int
    precision_percent: Mapping[str, float]


def sweep_sizes(
    bundle: str | Path,
    faces: FaceCrops,
    backgrounds: PackedImages,
    background_rows: Array,
    *,
    num_faces: int = 100,
    image_px: int = IMAGE_PX,
    use: FinderUse = ALONE,
    reviewed: Mapping[str, Array] | None = None,
) -> Sweep:
    """Look for ``num_faces`` faces of every kind at every size, at score 0.5 and IoU 0.5.

    The mosaics are squares of ``image_px``, and hold faces up to that size. What ``reviewed`` has
    under ``faces/NAME`` are boxes (M, 4) of other real faces that crop NAME shows, in its pixels.
    """
    sizes_px = tuple(size for size in SIZES_PX if size <= image_px)
    detector = use.make_detector(bundle, finder_size=image_px)
    recall: dict[str, list[float]] = {}
    precision: dict[str, float] = {}
    for kind in KINDS:
        chosen = _faces_of(faces, kind, num_faces)
        if len(chosen) == 0:
            continue
        hits, found = np.zeros((len(sizes_px), len(chosen)), bool), 0
        for row, size in enumerate(sizes_px):
            mosaics = _mosaics(faces, chosen, backgrounds, background_rows, kind, size, image_px)
            for column, (image, to_image) in enumerate(mosaics):
                boxes, _ = boxes_and_scores(detector, image)
                face = int(chosen[column])
                label = box_of(apply_map(to_image, faces.landmarks[face]))
                hits[row, column] = bool((box_iou(boxes, label) >= 0.5).any())
                if size >= LEAST_ASKED_PX:
                    others = (reviewed or {}).get(f"faces/{faces.name(face)}", _NO_BOXES)
                    found += int((~are_among(boxes, _boxes_in(to_image, others))).sum())
        recall[kind] = (100 * hits.mean(1)).tolist()
        asked = hits[np.array(sizes_px) >= LEAST_ASKED_PX]
        precision[kind] = float(100 * asked.sum() / max(found, 1))
    return Sweep(sizes_px, recall, num_faces, precision)


def _boxes_in(to_image: Array, boxes: Array) -> Array:
    """Boxes (M, 4) of a crop in the image that it was laid over."""
    return np.array([box_of(apply_map(to_image, corners_of(box))) for box in boxes]).reshape(-1, 4)


def _faces_of(faces: FaceCrops, kind: str, count: int) -> Array:
    """Evenly spread over the split: masked faces or others, none cut off by the photo's edge."""
    low, high = faces.landmarks.min(1), faces.landmarks.max(1)
    whole = ((low >= faces.valid[:, :2]) & (high <= faces.valid[:, 2:])).all(1)
    masked = faces.source == "mask"
    rows = np.flatnonzero(masked if kind == "masked" else whole & ~masked)
    return np.asarray(rows[np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(int)])


def _mosaics(
    faces: FaceCrops,
    chosen: Array,
    backgrounds: PackedImages,
    background_rows: Array,
    kind: str,
    size_px: int,
    image_px: int,
) -> Iterator[tuple[Array, Array]]:
    """Images (image_px, image_px, 3), and what takes their face's crop to them: (2, 3)."""
    for face in chosen:
        rng = np.random.default_rng([int(face), size_px])
        background = backgrounds[int(rng.choice(background_rows))]
        side = min(background.shape[:2])
        affine = crop_map(np.array(background.shape[1::-1]) / 2, side, image_px)
        canvas = warp(background, affine, (image_px, image_px))
        roll_deg = float(faces.pose[face, 2])
        angle = roll_deg - TILT_DEG * rng.choice([-1, 1]) if kind == "tilted" else 0.0
        to_image = _place(canvas, faces, int(face), size_px, angle, rng)
        yield _spoil(canvas, kind, size_px, rng), to_image


def _place(
    canvas: Array, faces: FaceCrops, face: int, size_px: int, angle_deg: float,
    rng: np.random.Generator,
) -> Array:  # fmt: skip
    """Lay a face over ``canvas``, its box ``size_px`` long unless it is turned; by which map."""
    landmarks = faces.landmarks[face]
    low, high = landmarks.min(0).astype(np.float64), landmarks.max(0).astype(np.float64)
    scale = size_px / float((high - low).max())
    extent = canvas.shape[0]
    affine = crop_map((low + high) / 2, extent / scale, extent, angle_deg=angle_deg)
    room = max(extent / 2 - 0.75 * size_px, 0)
    affine[:, 2] += rng.uniform(-room, room, 2)
    mask = np.zeros(canvas.shape[:2], np.uint8)
    corners = apply_map(affine, corners_of(faces.valid[face] + ONE_PIXEL_LESS)) - 0.5
    cv2.fillConvexPoly(mask, np.round(corners * 16).astype(np.int32), 255, shift=4)
    cv2.copyTo(warp(faces.image(face), affine, (extent, extent)), mask, canvas)
    return affine


def _spoil(image: Array, kind: str, size_px: int, rng: np.random.Generator) -> Array:
    if kind == "gray":
        image = cv2.transform(image, _GRAY_WEIGHTS)
    if kind == "blurred":
        image = cv2.GaussianBlur(image, (0, 0), max(_BLUR * size_px, 0.5))
    if kind == "dark":
        noise = rng.normal(0, 2, image.shape[:2])[..., None]
        image = np.clip(_DARK * image + noise, 0, 255).astype(np.uint8)
    return image
