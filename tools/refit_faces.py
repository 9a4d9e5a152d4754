"""Make a data set of photos for the face detector from boxes that people drew.

    python tools/refit_faces.py DATA/crowds --out DATA/photos

Conventions of boxes differ: some hold the hair, some end at the mask. Where kilomark's landmark
network sees the face, the box of its landmarks replaces the drawn one. The other boxes of a source
are scaled and shifted by the medians of those that were replaced. They get no keypoints. Faces that
the detector finds besides are added where presence is high, else noted as to be ignored.

Input: FOLDER/FOLDER.npz with rows of photos (name, source) and of boxes (photo, box), and
FOLDER/FOLDER.tar with the photos. Output: photos.npz and photos.tar, for kilomark train --photos.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark import Detector, Regions
from kilomark.data.finder_data import KEYPOINT_LANDMARKS
from kilomark.data.finder_sources import FACE, IGNORED, FaceTable, faces_of_landmarks
from kilomark.data.packed_images import read_packed_images
from kilomark.evaluation.metrics import box_iou

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = np.ndarray[Any, Any]

SURE_PRESENCE, DOUBTFUL_PRESENCE = 0.95, 0.3
_FITTED_PRESENCE = 0.6
_SAME_FACE_IOU = 0.3
_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Refitted:
    """Faces of one photo that the landmark network was asked about, row by row.

    Attributes:
        faces: where the network puts them.
        presence: (M,).
        drawn: (M, 4) the box that somebody drew; NaN for faces that the detector found.
    """

    faces: FaceTable
    presence: Array
    drawn: Array


def refit(detector: Detector, image: Array, drawn: Array) -> Refitted:
    """Place landmarks in drawn boxes (M, 4) and in what the detector finds, twice over."""
    found = detector.detect(image)
    regions = Regions.from_boxes(
        np.concatenate([drawn, found.boxes]),
        np.concatenate([np.zeros(len(drawn)), found.angles_deg]),
    )
    boxes = np.concatenate([drawn, np.full((len(found), 4), np.nan)])
    for _ in range(_ROUNDS):
        placed = detector.place(image, regions)
        if not placed:
            break
        landmarks = np.stack([face.landmarks for face in placed]).astype(np.float64)
        faces = faces_of_landmarks(landmarks, landmarks[:, list(KEYPOINT_LANDMARKS)])
        regions = Regions.from_boxes(faces.boxes, faces.angle_deg)
    if not len(regions):
        nothing = np.empty((0, len(KEYPOINT_LANDMARKS), 2))
        return Refitted(faces_of_landmarks(nothing + 0, nothing), np.empty(0), boxes)
    return Refitted(faces, np.array([face.presence for face in placed]), boxes)


def conventions(photos: Sequence[Refitted], sources: Array) -> dict[str, tuple[Array, Array]]:
    """By source: factors (2,) of a drawn box's size, and its shift (2,) in units of its size."""
    rules = {}
    for source in np.unique(sources):
        factors, shifts = [], []
        for photo in (photos[int(i)] for i in np.flatnonzero(sources == source)):
            sure = (photo.presence > SURE_PRESENCE) & np.isfinite(photo.drawn[:, 0])
            size = photo.drawn[sure, 2:] - photo.drawn[sure, :2]
            middle = (photo.drawn[sure, :2] + photo.drawn[sure, 2:]) / 2
            factors += list(photo.faces.extent[sure] / size)
            shifts += list((photo.faces.center[sure] - middle) / size)
        rules[str(source)] = (
            np.median(factors, 0) if factors else np.ones(2),
            np.median(shifts, 0) if shifts else np.zeros(2),
        )
    return rules


def labels_of(photo: Refitted, factor: Array, shift: Array) -> list[tuple[Any, ...]]:
    """Rows of `FaceTable` for one photo: drawn faces first, then what was found besides."""
    rows: list[tuple[Any, ...]] = []
    boxes = photo.faces.boxes
    kept = np.empty((0, 4))
    is_drawn = np.isfinite(photo.drawn[:, 0])
    for i in [*np.flatnonzero(is_drawn), *np.argsort(-photo.presence)]:
        if is_drawn[i] and len(rows) < is_drawn.sum():
            size = photo.drawn[i, 2:] - photo.drawn[i, :2]
            center = (photo.drawn[i, :2] + photo.drawn[i, 2:]) / 2 + shift * size
            extent = factor * size
            box = np.concatenate([center - extent / 2, center + extent / 2])
            if photo.presence[i] < _FITTED_PRESENCE or box_iou(boxes[i : i + 1], box)[0] < 0.4:
                rows.append((center, extent, 0.0, np.zeros((5, 2)), False, FACE))
            else:
                rows.append(_row(photo.faces, i, FACE))
                box = boxes[i]
        elif (
            is_drawn[i]
            or photo.presence[i] < DOUBTFUL_PRESENCE
            or (box_iou(kept, boxes[i]) > _SAME_FACE_IOU).any()
        ):
            continue
        else:
            state = FACE if photo.presence[i] > SURE_PRESENCE else IGNORED
            rows.append(_row(photo.faces, i, state))
            box = boxes[i]
        kept = np.concatenate([kept, box[None]])
    return rows


def _row(faces: FaceTable, i: int, state: int) -> tuple[Any, ...]:
    return (faces.center[i], faces.extent[i], faces.angle_deg[i], faces.keypoints[i], True, state)


def write_photo_set(
    folder: Path, out: Path, detector: Detector, val_share: float, cache_dir: Path | None = None
) -> None:
    """Refit a folder's boxes and write ``photos.npz`` and ``photos.tar``."""
    labels = np.load(folder / f"{folder.name}.npz")
    archive = folder / f"{folder.name}.tar"
    images = read_packed_images([archive], cache_dir)
    row_of = {name: row for row, name in enumerate(images.names)}
    photos = []
    for number, name in enumerate(labels["name"]):
        image = np.ascontiguousarray(images[row_of[str(name)]][..., ::-1])  # BGR
        photos.append(refit(detector, image, labels["box"][labels["photo"] == number]))
    rules = conventions(photos, labels["source"])
    rows, owner = [], []
    for number, (photo, source) in enumerate(zip(photos, labels["source"], strict=True)):
        own = labels_of(photo, *rules[str(source)])
        rows += own
        owner += [number] * len(own)
    names = list(FaceTable.__dataclass_fields__)
    columns = {name: np.array([row[i] for row in rows]) for i, name in enumerate(names)}
    is_val = np.random.default_rng(0).random(len(photos)) < val_share
    out.mkdir(parents=True, exist_ok=True)
    np.savez(  # type: ignore[arg-type]  # columns are arrays
        out / "photos.npz", name=labels["name"], source=labels["source"],
        split=np.where(is_val, "val", "train"), photo=np.array(owner, np.int64), **columns,
    )  # fmt: skip
    shutil.copyfile(archive, out / "photos.tar")


def main(arguments: list[str] | None = None) -> int:
    """Run the tool; 0 when done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="with NAME.npz and NAME.tar, NAME its own name")
    parser.add_argument("--out", type=Path, required=True, help="folder of the new data set")
    parser.add_argument(
        "--model", default="resnext50", help="landmark network (default: resnext50)"
    )
    parser.add_argument("--val-share", type=float, default=0.1, help="of the photos (default: 0.1)")
    options = parser.parse_args(arguments)
    detector = Detector(options.model, score_threshold=0.3)
    write_photo_set(options.folder, options.out, detector, options.val_share)
    return 0


if __name__ == "__main__":
    sys.exit(main())
