"""How landmark networks are measured on a contest's validation rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from kilomark.bundle_files import rounded_figures, write_accuracy
from kilomark.contest.data_set import ContestSplit, read_contest
from kilomark.contest.prediction import PhotoPredictor
from kilomark.contest.samples import ContestFaces
from kilomark.contest.topology import choose_topology
from kilomark.errors import InvalidInputError
from kilomark.evaluation.eye_accuracy import measure_eyes
from kilomark.evaluation.metrics import OUTER_EYE_CORNERS, box_errors, normalized_errors
from kilomark.manifest import LandmarkBundle, read_bundle
from kilomark.options import optional_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kilomark.topology import Topology

__all__ = ["contest_accuracy", "evaluate", "evaluate_contest"]

Array = np.ndarray[Any, Any]


def evaluate(
    bundle: str | Path,
    folder: str | Path,
    *,
    split: ContestSplit = "file-order",
    cache: str | Path | None = None,
    write: bool = False,
) -> dict[str, float]:
    """Measure a landmark bundle on a contest's validation rows, through the C++ core.

    Args:
        bundle: name of a shipped bundle, or the folder of another one.
        folder: a data set in the contest's layout.
        split: of its rows; see `kilomark.contest.train`.
        cache: folder for decoded images.
        write: write the figures into the bundle's manifest.

    Returns:
        What `contest_accuracy` returns, in four significant digits; for an eye network what
        `kilomark.evaluation.eye_accuracy.measure_eyes` returns, with the landmarks of ``lite``.

    Raises:
        BundleError: the bundle is missing or damaged.
        InvalidInputError: the data set cannot be used, or has other landmarks than the bundle.
    """
    read = read_bundle(bundle)
    if isinstance(read, LandmarkBundle) and read.of_eye:
        return _evaluate_eyes(read, Path(folder), split, cache, write=write)
    predictor = PhotoPredictor(read.folder)
    contest = read_contest(Path(folder), optional_path(cache))
    if contest.num_landmarks != predictor.num_landmarks:
        raise InvalidInputError(
            f"{folder} has {contest.num_landmarks} landmarks and the bundle "
            f"{predictor.num_landmarks}; expected equal numbers: measure it "
            "on the data set that it was trained for"
        )
    topology = choose_topology(contest.num_landmarks)
    faces = ContestFaces(contest, contest.split(split).val, topology)
    figures = rounded_figures(evaluate_contest(predictor, faces))
    if write:
        write_accuracy(read.folder, figures)
    return figures


def _evaluate_eyes(
    bundle: LandmarkBundle,
    folder: Path,
    split: ContestSplit,
    cache: str | Path | None,
    *,
    write: bool,
) -> dict[str, float]:
    contest = read_contest(folder, optional_path(cache))
    rows = contest.split(split).val
    faces = ContestFaces(contest, rows, choose_topology(contest.num_landmarks))
    figures = rounded_figures(measure_eyes(bundle.folder, faces))
    if write:
        write_accuracy(bundle.folder, figures)
    return figures


def evaluate_contest(predictor: PhotoPredictor, faces: ContestFaces) -> dict[str, float]:
    """Measure a bundle as the runtime runs it, in the crop that it was trained with.

    The crop around a face comes from the labeled landmarks, so the face detector has no part in
    this. Returns what `contest_accuracy` does.
    """
    pairs = (
        predictor.compare(faces.image(face), faces.landmarks_of(face))
        for face in tqdm(range(len(faces)), desc="validating", unit="photo", disable=None)
    )
    return contest_accuracy(pairs, faces.topology)


def contest_accuracy(pairs: Iterable[tuple[Array, Array]], topology: Topology) -> dict[str, float]:
    """Accuracy over batches of (N, K, 2) landmarks and labels, fractions of the crop's side.

    Returns:
        ``mse_px2``, the contest's measure: mean squared error of x and of y in pixels of a 128 px
        crop. ``box_error_percent``: mean error over the square root of the area of the landmarks'
        box. For the 971 landmarks also ``nme_percent``, over the distance of the outer eye
        corners.
    """
    squared: list[Array] = []  # per face
    over_box: list[Array] = []
    relative: list[Array] = []
    knows_eyes = topology.num_landmarks > max(OUTER_EYE_CORNERS) and bool(topology.groups)
    for landmarks, target in pairs:
        squared.append(((landmarks - target) ** 2).mean((1, 2)) * 128**2)
        has_area = np.ptp(target, axis=1).min(1) > 0
        over_box.append(box_errors(landmarks[has_area], target[has_area]))
        if knows_eyes:
            relative.append(normalized_errors(landmarks, target, OUTER_EYE_CORNERS).mean(1))
    accuracy = {"mse_px2": float(np.concatenate(squared).mean())}
    if any(map(len, over_box)):
        accuracy["box_error_percent"] = float(np.concatenate(over_box).mean())
    if relative:
        accuracy["nme_percent"] = float(100 * np.concatenate(relative).mean())
    return accuracy
