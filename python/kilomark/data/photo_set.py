"""The data set of photos with any number of faces, some of them to be ignored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.data.finder_sources import FaceTable
from kilomark.data.packed_images import PackedImages, read_packed_images, rows_of
from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark.data.face_crops import Split

__all__ = ["PhotoSet", "read_photo_set"]

Array = np.ndarray[Any, Any]

_FACE_ARRAYS = ("center", "extent", "angle_deg", "keypoints", "has_keypoints", "state")


@dataclass(frozen=True, slots=True, eq=False)
class PhotoSet:
    """Photos of one split and their faces.

    Attributes:
        images: all decoded photos.
        rows: (N,) row of each photo of the split in ``images``.
        source: (N,) str, which collection each photo comes from.
        first_face: (N + 1,) the faces of photo i are ``first_face[i]`` to ``first_face[i + 1]``.
        faces: of all photos of the split, in their order.
    """

    images: PackedImages
    rows: Array
    source: Array
    first_face: Array
    faces: FaceTable

    def __len__(self) -> int:
        return len(self.rows)

    def image(self, photo: int) -> Array:
        """Photo as (H, W, 3) uint8 RGB."""
        return self.images[int(self.rows[photo])]


def read_photo_set(folder: Path, split: Split, cache_dir: Path | None = None) -> PhotoSet:
    """Read one split of a folder with ``photos.npz`` and ``photos.tar``.

    ``photos.npz`` holds a row a photo (``name``, ``split``, ``source``) and a row a face
    (``photo``, its row, and the arrays of `FaceTable`).

    Raises:
        InvalidInputError: files of the data set are missing, or a face's photo is.
    """
    path = folder / "photos.npz"
    if not path.is_file():
        raise InvalidInputError(f"no photos.npz in {folder}; expected a data set of photos")
    labels = np.load(path)
    missing = [key for key in ("name", "split", "photo", *_FACE_ARRAYS) if key not in labels.files]
    if missing:
        raise InvalidInputError(
            f"{path} lacks {', '.join(missing)}; expected an array of each of these names"
        )
    photo = labels["photo"]
    if len(photo) and not (photo.min() >= 0 and photo.max() < len(labels["name"])):
        raise InvalidInputError(
            f"{path} holds a face of photo {photo.max()}; expected 0 to {len(labels['name']) - 1}, "
            "the rows of its photos"
        )
    chosen = np.flatnonzero(labels["split"] == split)
    images = read_packed_images([folder / "photos.tar"], cache_dir)
    order = np.argsort(photo, kind="stable")
    order = order[np.isin(photo[order], chosen)]
    counts = np.bincount(photo, minlength=len(labels["name"]))[chosen]
    return PhotoSet(
        images=images,
        rows=rows_of(images, labels["name"][chosen].tolist()),
        source=labels["source"][chosen] if "source" in labels.files else np.full(len(chosen), ""),
        first_face=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        faces=FaceTable(*(labels[key][order] for key in _FACE_ARRAYS)),
    )
