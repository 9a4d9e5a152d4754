"""Photos with the boxes of their faces: a folder or a tar archive, and a table or one rule."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kilomark.data.tar_files import read_tar
from kilomark.errors import InvalidInputError
from kilomark.images import open_photo

from .folder import PHOTO_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["BoxedPhoto", "read_boxed_photos", "read_boxes"]

Array = np.ndarray[Any, Any]

_SUFFIXES = (*PHOTO_SUFFIXES, ".avif")
_BLACK = 12  # brightest value of a border that is not part of the photo
_FEWEST_PX = 16


class BoxedPhoto(NamedTuple):
    """A face to label.

    Attributes:
        name: of the file.
        image: (H, W, 3) uint8 RGB, without a black border; None if it cannot be read.
        box: (4,) of the face in pixels of ``image``.
        problem: why there is no image.
    """

    name: str
    image: Array | None
    box: Array
    problem: str = ""


def read_boxes(path: Path) -> dict[str, list[Array]]:
    """Read a table ``file_name,x0,y0,x1,y1`` with a header; a photo may have several rows.

    Raises:
        InvalidInputError: the file is missing, or a row is no box.
    """
    boxes: dict[str, list[Array]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):
                box = np.array([float(row[key]) for key in ("x0", "y0", "x1", "y1")])
                if not (np.isfinite(box).all() and (box[2:] > box[:2]).all()):
                    raise ValueError(f"line {number} has the box {box.tolist()}")
                boxes.setdefault(row["file_name"], []).append(box)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(
            f"cannot read boxes from {path} ({type(error).__name__}: {error}); expected a header "
            "file_name,x0,y0,x1,y1 and finite pixels with x0 < x1 and y0 < y1"
        ) from error
    return boxes


def read_boxed_photos(
    source: Path, boxes: Mapping[str, list[Array]] | None, share: float
) -> Iterator[BoxedPhoto]:
    """Yield the faces of a folder by name, or of a ``.tar`` in its order.

    Args:
        source: of the photos.
        boxes: of `read_boxes`; photos that it lacks are left out.
        share: without ``boxes``, the face is the middle of each picture, this share of its side.

    Raises:
        InvalidInputError: there is no photo.
    """
    if not 0 < share <= 1:
        raise InvalidInputError(f"the box's share is {share}; expected a number above 0, up to 1")
    none = True
    for name, data in _files(source):
        listed = [None] if boxes is None else boxes.get(name, [])
        for box in listed:
            none = False
            yield _read(name, data, box, share)
    if none:
        raise InvalidInputError(
            f"no photo ({', '.join(_SUFFIXES)}){'' if boxes is None else ' with a box'} in "
            f"{source}; expected a folder or a tar archive of some"
        )


def _files(source: Path) -> Iterator[tuple[str, bytes]]:
    if source.is_file():
        yield from (file for file in read_tar(source) if _is_photo(file[0]))
        return
    for path in sorted(source.rglob("*")):
        if _is_photo(path.name):
            yield path.relative_to(source).as_posix(), path.read_bytes()


def _is_photo(name: str) -> bool:
    return Path(name).suffix.lower() in _SUFFIXES


def _read(name: str, data: bytes, box: Array | None, share: float) -> BoxedPhoto:
    try:
        image = np.array(open_photo(data).convert("RGB"), np.uint8)
    except InvalidInputError as error:
        return BoxedPhoto(name, None, np.zeros(4), str(error))
    if box is None:
        size = np.array(image.shape[1::-1])
        side = share * size.min()
        box = np.concatenate([(size - side) / 2, (size + side) / 2])
    x0, y0, x1, y1 = _inside(image)
    if min(x1 - x0, y1 - y0) < _FEWEST_PX:
        return BoxedPhoto(name, None, box, "the picture is black or smaller than 16 px")
    return BoxedPhoto(
        name, np.ascontiguousarray(image[y0:y1, x0:x1]), box - np.array([x0, y0, x0, y0])
    )


def _inside(image: Array) -> tuple[int, int, int, int]:
    """The part of an image inside its black border."""
    bright = image.max(-1) > _BLACK
    rows, columns = np.flatnonzero(bright.any(1)), np.flatnonzero(bright.any(0))
    if not len(rows):
        return 0, 0, 0, 0
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
