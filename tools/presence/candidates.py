"""What a face detector takes for faces: in labeled photos, and in pictures that hold none."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image

from kilomark.data.finder_sources import FACE
from kilomark.data.geometry import crop_map, warp
from kilomark.data.photometry import degrade
from kilomark.errors import InvalidInputError
from kilomark.evaluation.figures import to_bgr
from kilomark.evaluation.metrics import box_iou
from kilomark.images import open_photo
from kilomark.network_inputs import MEAN_COLOR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kilomark import Detector, Regions
    from kilomark.data.photo_set import PhotoSet
    from kilomark.manifest import LandmarkBundle

__all__ = [
    "SMALLEST_SCORE",
    "Candidates",
    "candidates_in_photos",
    "candidates_in_pictures",
    "find_pictures",
    "label_boxes",
    "vary_picture",
]

Array = np.ndarray[Any, Any]

SMALLEST_SCORE = 0.08  # of the face detector: what scores less is rarely rescored
ON_FACE_IOU, APART_IOU = 0.4, 0.2  # between the two, a box is neither right nor wrong

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
MOST_IN_A_PICTURE = 6  # a pattern of dots may give hundreds
CANVAS_PX = 576
ZOOMS = (0.8, 2.4)
TILT_DEG = 12.0  # standard deviation
PLACES = (0.25, 0.75)  # of the canvas' center, in the picture's sides


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Candidates of one photo.

    Attributes:
        crops: (N, S, S, 3) uint8 RGB, as the runtime shows them to the landmark network.
        scores: (N,) of the face detector.
        sides_px: (N,) longer side of the box.
        labels: (N,) 1 on a face, 0 on none.
    """

    crops: Array
    scores: Array
    sides_px: Array
    labels: Array

    def __len__(self) -> int:
        return len(self.labels)


def candidates_in_photos(
    detector: Detector, photos: PhotoSet, bundle: LandmarkBundle
) -> Iterator[Candidates]:
    """Yield the candidates of each photo, without those of which nobody knows what they are."""
    faces = photos.faces
    boxes = faces.boxes
    for photo, (first, last) in enumerate(
        zip(photos.first_face[:-1], photos.first_face[1:], strict=True)
    ):
        image = photos.image(photo)
        found = detector.detect(to_bgr(image))
        labels = label_boxes(found.boxes, boxes[first:last], faces.state[first:last] == FACE)
        rows = np.flatnonzero(np.isfinite(labels))
        yield _cut(image, found, rows, labels[rows], bundle)


def candidates_in_pictures(
    detector: Detector, pictures: Sequence[Path], bundle: LandmarkBundle, variants: int, seed: int
) -> Iterator[Candidates]:
    """Yield the candidates of each picture in all its variants; none of them is a face."""
    for number, path in enumerate(pictures):
        rng = np.random.default_rng([seed, number])
        try:
            picture = _read_picture(path)
        except InvalidInputError as error:
            print(f"{path} is left out: {error}", file=sys.stderr)
            continue
        parts = []
        for _ in range(variants):
            image = vary_picture(picture, rng)
            found = detector.detect(to_bgr(image))
            rows = np.arange(min(len(found), MOST_IN_A_PICTURE))
            parts.append(_cut(image, found, rows, np.zeros(len(rows)), bundle))
        yield Candidates(
            *(
                np.concatenate([getattr(part, name) for part in parts])
                for name in ("crops", "scores", "sides_px", "labels")
            )
        )


def find_pictures(folders: Sequence[Path]) -> list[Path]:
    """Return all pictures of the folders and of those inside them, sorted.

    Raises:
        InvalidInputError: a folder is missing or holds no picture.
    """
    pictures: set[Path] = set()
    for folder in folders:
        found = [
            path
            for path in folder.rglob("*")
            if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file()
        ]
        if not found:
            what = "holds no picture" if folder.is_dir() else "is no folder"
            raise InvalidInputError(
                f"{folder} {what}; expected a folder of pictures without faces "
                f"({', '.join(PICTURE_SUFFIXES)})"
            )
        pictures.update(found)
    return sorted(pictures)


def label_boxes(found: Array, boxes: Array, are_faces: Array) -> Array:
    """Labels (N,) of found boxes (N, 4); NaN where it is not known."""
    labels = np.full(len(found), np.nan)
    for row, box in enumerate(found):
        overlap = box_iou(boxes, box)
        face = overlap[are_faces].max(initial=0.0)
        if face >= ON_FACE_IOU:
            labels[row] = 1
        elif overlap.max(initial=0.0) < APART_IOU:
            labels[row] = 0
    return labels


def _cut(
    image: Array, found: Regions, rows: Array, labels: Array, bundle: LandmarkBundle
) -> Candidates:
    boxes = found.boxes[rows]
    sides = (boxes[:, 2:] - boxes[:, :2]).max(1, initial=0.0)
    size = bundle.input.width
    crops = np.zeros((len(rows), size, size, 3), np.uint8)
    for crop, box, side, angle in zip(crops, boxes, sides, found.angles_deg[rows], strict=True):
        center = (box[:2] + box[2:]) / 2
        shown = crop_map(center, bundle.crop_scale * float(side), size, angle_deg=float(angle))
        crop[:] = warp(image, shown, (size, size), color=MEAN_COLOR)
    return Candidates(crops, found.scores[rows], sides, labels)


def _read_picture(path: Path) -> Array:
    """(H, W, 3) uint8 RGB; what is transparent shows gray."""
    picture = open_photo(path)
    if picture.has_transparency_data:
        ground = Image.new("RGBA", picture.size, (128, 128, 128, 255))
        ground.alpha_composite(picture.convert("RGBA"))
        picture = ground
    return np.array(picture.convert("RGB"))


def vary_picture(picture: Array, rng: np.random.Generator) -> Array:
    """Zoom, tilt, mirror, light and blur a picture; beyond its edges it is reflected."""
    size = np.array(picture.shape[1::-1])
    zoom = np.exp(rng.uniform(*np.log(ZOOMS)))
    shown = crop_map(
        rng.uniform(*PLACES, 2) * size,
        float(size.max() / zoom),
        CANVAS_PX,
        angle_deg=rng.normal(0, TILT_DEG),
        mirror=bool(rng.random() < 0.5),
    )
    canvas = warp(picture, shown, (CANVAS_PX, CANVAS_PX), border=cv2.BORDER_REFLECT)
    return degrade(canvas, rng)
