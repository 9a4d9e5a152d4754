"""Submissions to the contest: predicting its test photos, and writing the file it takes."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from tqdm import tqdm

from kilomark.contest.columns import landmark_columns
from kilomark.contest.data_set import WantedLandmarks, read_photo, read_test_points
from kilomark.contest.photo_names import photo_path
from kilomark.contest.prediction import PhotoPredictor
from kilomark.errors import InvalidInputError
from kilomark.export.run_export import export
from kilomark.whole_files import open_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Submission", "submit", "write_submission"]

Array = np.ndarray[Any, Any]


class Submission(NamedTuple):
    """What was written.

    Attributes:
        num_photos: photos in the file.
        num_without_face: photos in which no face was found; the photo's middle was taken for it.
    """

    num_photos: int
    num_without_face: int


def submit(
    model: str | Path,
    folder: str | Path,
    out: str | Path,
    *,
    device: str = "auto",
    num_threads: int | None = None,
) -> Submission:
    """Predict a contest's test photos and write the file that it takes.

    Args:
        model: a shipped bundle's name, a bundle's folder, or the folder of a training run, whose
            newest checkpoint is taken.
        folder: holds ``test/test_points.csv`` and ``test/images``.
        out: the file to write.
        device: as in `Detector`.
        num_threads: as in `Detector`.

    Raises:
        BundleError: the bundle is missing or damaged.
        InvalidInputError: the run, the photos or ``test_points.csv`` cannot be used.
    """
    if (Path(model) / "run.json").is_file():
        with tempfile.TemporaryDirectory() as bundle:
            export(model, bundle)
            return submit(bundle, folder, out, device=device, num_threads=num_threads)
    predictor = PhotoPredictor(model, device=device, num_threads=num_threads)
    count = write_submission(Path(folder), Path(out), predictor.num_landmarks, predictor)
    return Submission(count, predictor.photos_without_face)


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
    yield ",".join(["file_name", *landmark_columns(len(wanted[0].indices))]) + "\n"
    for file_name, indices in tqdm(wanted, desc="predicting", unit="photo", disable=None):
        landmarks = predict(read_photo(photo_path(images_dir, file_name)))[list(indices)]
        whole = np.trunc(landmarks).astype(np.int64).ravel().tolist()
        yield ",".join([file_name, *map(str, whole)]) + "\n"
