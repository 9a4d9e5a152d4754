"""Checks a whole data set in the contest's layout for faults that would spoil a training."""

from __future__ import annotations

import hashlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tqdm import tqdm

from kilomark.contest.data_set import far_outside, read_test_points
from kilomark.contest.photo_names import MOST_PHOTO_BYTES, photo_path
from kilomark.contest.rows import BrokenCell, RowBlock, read_header, read_row_blocks
from kilomark.errors import InvalidInputError
from kilomark.images import open_photo
from kilomark.regular_files import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np

__all__ = ["ContestReport", "check_contest"]


@dataclass(slots=True)
class ContestReport:
    """What was found; each list holds one line of text for each finding.

    Errors make a training fail or mislead it: broken rows, photos that are missing or do not
    decode, landmarks far outside the photo, a file name with two rows, test points that are not
    landmarks.

    Warnings may be intended: landmarks outside the photo, of a face at its edge; photos that are
    equal byte for byte, a leak if one trains and the other validates; photos without a row.
    """

    num_rows: int = 0
    num_landmarks: int = 0
    num_test_photos: int = 0
    broken_rows: list[str] = field(default_factory=list)
    missing_photos: list[str] = field(default_factory=list)
    unreadable_photos: list[str] = field(default_factory=list)
    repeated_file_names: list[str] = field(default_factory=list)
    broken_test_points: list[str] = field(default_factory=list)
    landmarks_far_outside: list[str] = field(default_factory=list)
    landmarks_outside: list[str] = field(default_factory=list)
    identical_photos: list[str] = field(default_factory=list)
    photos_without_row: list[str] = field(default_factory=list)

    @property
    def errors(self) -> dict[str, list[str]]:
        """What must be mended, by kind."""
        return {
            "tables without rows": [] if self.num_rows else ["train/landmarks.csv"],
            "broken rows": self.broken_rows,
            "missing photos": self.missing_photos,
            "unreadable photos": self.unreadable_photos,
            "repeated file names": self.repeated_file_names,
            "broken test points": self.broken_test_points,
            "rows with landmarks far outside the photo": self.landmarks_far_outside,
        }

    @property
    def warnings(self) -> dict[str, list[str]]:
        """What should be looked at, by kind."""
        return {
            "rows with landmarks outside the photo": self.landmarks_outside,
            "identical photos": self.identical_photos,
            "photos without a row": self.photos_without_row,
        }


class _Photo(NamedTuple):
    """What is known of one photo: its size, or why there is none."""

    digest: bytes = b""
    width: int = 0
    height: int = 0
    missing: bool = False
    problem: str = ""


def check_contest(folder: Path) -> ContestReport:
    """Read every row and decode every photo, those of the test included.

    Raises:
        InvalidInputError: there is no table of landmarks, or its header is not a contest's.
    """
    report = ContestReport()
    first_of_digest: dict[bytes, str] = {}
    with ThreadPoolExecutor() as pool:
        _check_rows(folder, report, first_of_digest, pool)
        _check_test(folder / "test", report, first_of_digest, pool)
    return report


def _check_rows(
    folder: Path, report: ContestReport, first_of_digest: dict[bytes, str], pool: ThreadPoolExecutor
) -> None:
    path, images_dir = folder / "train" / "landmarks.csv", folder / "train" / "images"
    header = read_header(path)
    report.num_landmarks = header.num_landmarks
    names: Counter[str] = Counter()

    def note(broken: BrokenCell) -> None:
        report.broken_rows.append(f"{path.name}: {broken}")

    with tqdm(desc="photos", unit="", disable=None) as bar:
        for block in read_row_blocks(path, header, note):
            report.num_rows += len(block.file_names)
            names.update(block.file_names)
            photos = pool.map(partial(_look_at, images_dir), block.file_names)
            for row, photo in enumerate(photos):
                bar.update()
                name = f"train/images/{block.file_names[row]}"
                if _note_photo(name, photo, report, first_of_digest):
                    _note_outside(name, photo, block, row, report)
    report.repeated_file_names += [
        f"{name}: {count} rows" for name, count in names.items() if count > 1
    ]
    report.photos_without_row += _without_row(images_dir, names)


def _check_test(
    test_dir: Path,
    report: ContestReport,
    first_of_digest: dict[bytes, str],
    pool: ThreadPoolExecutor,
) -> None:
    path = test_dir / "test_points.csv"
    if not path.is_file():  # a data set to train on needs none
        return
    try:
        wanted = read_test_points(path)
    except InvalidInputError as error:
        report.broken_test_points.append(str(error))
        return
    report.num_test_photos = len(wanted)
    for points in wanted:
        if max(points.indices) >= report.num_landmarks:
            report.broken_test_points.append(
                f"{points.file_name}: landmark {max(points.indices)} of {report.num_landmarks}"
            )
    photos = pool.map(
        partial(_look_at, test_dir / "images"), [points.file_name for points in wanted]
    )
    for points, photo in zip(wanted, photos, strict=True):
        _note_photo(f"test/images/{points.file_name}", photo, report, first_of_digest)


def _look_at(images_dir: Path, file_name: str) -> _Photo:
    try:
        data = read_regular(photo_path(images_dir, file_name), at_most_bytes=MOST_PHOTO_BYTES)
        digest = hashlib.blake2b(data, digest_size=16).digest()
        width, height = open_photo(data).size
    except FileNotFoundError:
        return _Photo(missing=True)
    except OSError as error:
        return _Photo(problem=str(error.strerror))
    except InvalidInputError as error:
        return _Photo(problem=str(error))
    return _Photo(digest, width, height)


def _note_photo(
    name: str, photo: _Photo, report: ContestReport, first_of_digest: dict[bytes, str]
) -> bool:
    """Note what is wrong with a photo; return whether it can be used."""
    if photo.missing:
        report.missing_photos.append(name)
    elif photo.problem:
        report.unreadable_photos.append(f"{name}: {photo.problem}")
    elif (first := first_of_digest.setdefault(photo.digest, name)) != name:
        report.identical_photos.append(f"{name} is {first}")
    return not (photo.missing or photo.problem)


def _note_outside(
    name: str, photo: _Photo, block: RowBlock, row: int, report: ContestReport
) -> None:
    landmarks: np.ndarray[Any, Any] = block.landmarks[row]
    size = (photo.width, photo.height)
    outside = ((landmarks < 0) | (landmarks > size)).any(1)
    far = far_outside(landmarks, size)
    for which, found in ((far, report.landmarks_far_outside), (outside, report.landmarks_outside)):
        if which.any():
            found.append(
                f"{name} (line {block.lines[row]}): {which.sum()} of {len(landmarks)} landmarks, "
                f"the first of them number {which.argmax()}"
            )
            return


def _without_row(images_dir: Path, names: Iterable[str]) -> list[str]:
    if not images_dir.is_dir():
        return []
    known = set(names)
    found = (path.relative_to(images_dir).as_posix() for path in images_dir.rglob("*.*"))
    return sorted(f"train/images/{name}" for name in found if name not in known)
