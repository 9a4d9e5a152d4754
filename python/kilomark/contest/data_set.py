"""A data set in the layout of the Thousand Facial Landmarks contest.

train/images/*.jpg    train/landmarks.csv      one row a photo: file name, x0, y0, x1, y1, ...
test/images/*.jpg     test/test_points.csv     one row a photo: file name, list of landmarks
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import cv2
import numpy as np

from kilomark.contest.photo_names import MOST_PHOTO_BYTES, photo_path
from kilomark.contest.splits import SplitRows, split_by_person, split_in_file_order
from kilomark.contest.table import ContestTable, read_contest_table
from kilomark.errors import InvalidInputError
from kilomark.regular_files import read_regular

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "Contest",
    "ContestSplit",
    "WantedLandmarks",
    "far_outside",
    "read_contest",
    "read_photo",
    "read_test_points",
]

Array = np.ndarray[Any, Any]
ContestSplit = Literal["file-order", "person"]


@dataclass(frozen=True, slots=True, eq=False)
class Contest:
    """The labeled photos.

    Attributes:
        images_dir: where the photos lie.
        table: their names, landmarks and persons.
    """

    images_dir: Path
    table: ContestTable

    @property
    def num_landmarks(self) -> int:
        """K."""
        return int(self.table.landmarks.shape[1])

    def image(self, row: int) -> Array:
        """Photo of ``row`` as (H, W, 3) uint8 RGB.

        Raises:
            InvalidInputError: it is missing or does not decode, or a landmark lies far outside it.
        """
        path = photo_path(self.images_dir, self.table.file_names[row])
        image = read_photo(path)
        _check_landmarks(path, self.table.landmarks[row], image)
        return image

    def split(self, how: ContestSplit = "file-order") -> SplitRows:
        """Rows to train on and to validate with.

        Raises:
            InvalidInputError: a split by person, but no column says who.
        """
        if how == "file-order":
            return split_in_file_order(len(self.table))
        if self.table.persons is None:
            raise InvalidInputError(
                f"the landmarks of {self.images_dir.parent} have no column 'person', which a split "
                "by person needs; expected one: add it, or split in file order"
            )
        return split_by_person(self.table.persons)


class WantedLandmarks(NamedTuple):
    """What a submission must give of one test photo: ``indices`` of landmarks, in this order."""

    file_name: str
    indices: tuple[int, ...]


def read_contest(folder: Path, cache_dir: Path | None = None) -> Contest:
    """Read the labels of a data set; photos are read when they are asked for.

    Raises:
        InvalidInputError: a file is missing or broken.
    """
    images_dir = folder / "train" / "images"
    if not images_dir.is_dir():
        raise InvalidInputError(
            f"no folder {images_dir}; expected a data set in the contest's layout: train/images "
            "and train/landmarks.csv"
        )
    return Contest(images_dir, read_contest_table(folder / "train" / "landmarks.csv", cache_dir))


def far_outside(landmarks: Array, size: tuple[int, int]) -> Array:
    """Which landmarks (K, 2) lie over one width or height outside a photo of width and height."""
    outside_px: Array = np.maximum(-landmarks, landmarks - size)
    is_far: Array = np.any(outside_px > size, axis=-1)
    return is_far


def _check_landmarks(path: Path, landmarks: Array, image: Array) -> None:
    height, width = image.shape[:2]
    far = far_outside(landmarks, (width, height))
    if far.any():
        x, y = landmarks[far.argmax()].tolist()
        raise InvalidInputError(
            f"landmark {far.argmax()} of {path} is at x {x:g}, y {y:g}, far outside the photo of "
            f"{width} x {height} px; expected at most one width or height: mend or delete the "
            "row; 'kilomark data check' lists all such rows"
        )


def read_photo(path: Path) -> Array:
    """Decode a photo as (H, W, 3) uint8 RGB, upright as its EXIF orientation says.

    Raises:
        InvalidInputError: it is missing, or does not decode.
    """
    try:
        data = np.frombuffer(read_regular(path, at_most_bytes=MOST_PHOTO_BYTES), np.uint8)
    except OSError as error:
        raise InvalidInputError(
            f"{path} cannot be read ({error.strerror}); expected a photo for every row: "
            "'kilomark data check' lists those that are missing"
        ) from error
    image = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB) if data.size else None
    if image is None:
        raise InvalidInputError(
            f"{path} does not decode; expected a JPEG or PNG image: 'kilomark data check' lists "
            "all such files"
        )
    return image


def read_test_points(path: Path) -> list[WantedLandmarks]:
    """Read ``test_points.csv``: tab-separated, a header, file names and Python lists of indices.

    Raises:
        InvalidInputError: the file is missing, or a line is broken; the message names the line.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"{path} cannot be read ({error}); expected the contest's list of test photos"
        ) from error
    points = [_parse_test_line(path, number, line) for number, line in enumerate(lines[1:], 2)]
    if not points:
        raise InvalidInputError(f"{path} names no photo; expected a header and one line a photo")
    return points


def _parse_test_line(path: Path, number: int, line: str) -> WantedLandmarks:
    file_name, tab, text = line.partition("\t")
    try:
        indices = ast.literal_eval(text.strip().strip('"'))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        indices = None
    is_list = isinstance(indices, list | tuple) and all(type(index) is int for index in indices)
    if not (file_name and tab and is_list and min(indices, default=-1) >= 0):
        shown = ascii(line[:60] + ("..." if len(line) > 60 else ""))
        raise InvalidInputError(
            f"{path}: line {number} is {shown}; expected a file name, a tab and a list of landmark "
            "indices such as [0, 12, 970]"
        )
    return WantedLandmarks(file_name, tuple(indices))
