"""Submissions to the contest: predicting its test photos, and writing the file it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from kilomark.contest.data_set import WantedLandmarks, read_photo, read_test_points
from kilomark.errors import InvalidInputError
from kilomark.whole_files import open_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

Array = np.ndarray[Any, Any]


def write_submission(
    contest_dir: Path, out: Path, num_landmarks: int, predict: Callable[[Array], Array]
) -> int:
    """Predict the test photos and write the landmarks that ``test_points.csv`` asks for.

    The format is the baseline's: comma-separated, a header, then per photo its name and x and y of
    each wanted landmark, cut to whole pixels of the photo; lines end in a line feed.

    Args:
        contest_dir: a data set in the contest's layout.
        out: the file to write; it appears when it is whole.
        num_landmarks: K of the network.
        predict: from a photo (H, W, 3) uint8 RGB to its landmarks (K, 2) in its pixels.

    Returns:
        How many photos it holds.

    Raises:
        InvalidInputError: a test photo or ``test_points.csv`` is missing or broken, it asks for
            landmarks that the network does not have, or ``out`` cannot be written.
    """
    path = contest_dir / "test" / "test_points.csv"
    wanted = read_test_points(path)
    _check_wanted(path, wanted, num_landmarks)
    try:
        with open_whole(out) as file:
            for line in _lines(contest_dir / "test" / "images", wanted, predict):
                file.write(line.encode())
    except OSError as error:
        raise InvalidInputError(
            f"{out} cannot be written ({error.strerror}); expected a file in a folder that exists, "
            "on a disk with room"
        ) from error
    return len(wanted)


def _check_wanted(path: Path, wanted: Sequence[WantedLandmarks], num_landmarks: int) -> None:
    counts = {len(points.indices) for points in wanted}
    if len(counts) > 1:
        raise InvalidInputError(
            f"{path} asks for {min(counts)} landmarks of some photos and {max(counts)} of others; "
            "expected the same number for each, as the submission has one header"
        )
    largest = max(max(points.indices) for points in wanted)
    if largest >= num_landmarks:
        raise InvalidInputError(
            f"{path} asks for landmark {largest}, and the network has {num_landmarks}, the last of "
            f"them number {num_landmarks - 1}; expected a network of the contest's landmarks"
        )


def _lines(
    images_dir: Path, wanted: Sequence[WantedLandmarks], predict: Callable[[Array], Array]
) -> Iterator[str]:
    count = len(wanted[0].indices)
    columns = [f"Point_M{point}_{axis}" for point in range(count) for axis in "XY"]
    yield ",".join(["file_name", *columns]) + "\n"
    for file_name, indices in tqdm(wanted, desc="predicting", unit="photo", disable=None):
        landmarks = predict(read_photo(images_dir / file_name))[list(indices)]
        whole = np.trunc(landmarks).astype(np.int64).ravel().tolist()
        yield ",".join([file_name, *map(str, whole)]) + "\n"
