"""How landmark networks are measured on a contest's validation rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from kilomark.evaluation.metrics import OUTER_EYE_CORNERS, normalized_errors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kilomark.contest.prediction import PhotoPredictor
    from kilomark.contest.samples import ContestFaces
    from kilomark.topology import Topology

Array = np.ndarray[Any, Any]


def evaluate_contest(predictor: PhotoPredictor, faces: ContestFaces) -> dict[str, float]:
    """Measure a bundle as the runtime runs it, in the crop that it was trained with.

    The crop around a face is 1.25 times the labeled landmarks' box: the face finder has no part
    in this. Returns what `contest_accuracy` does.
    """
    pairs = (
        predictor.compare(faces.image(face), faces.landmarks_of(face))
        for face in tqdm(range(len(faces)), desc="validating", unit="photo", disable=None)
    )
    return contest_accuracy(pairs, faces.topology)


def contest_accuracy(pairs: Iterable[tuple[Array, Array]], topology: Topology) -> dict[str, float]:
    """Accuracy over batches of (N, K, 2) landmarks and labels, fractions of the crop's side.

    Returns:
        ``mse_px2``, mean squared error of x and of y in pixels of a 128 px crop, which is the
        contest's measure; for the 971 landmarks ``nme_percent`` too, over the distance of the
        outer eye corners.
    """
    squared: list[Array] = []  # per face
    relative: list[Array] = []
    knows_eyes = topology.num_landmarks > max(OUTER_EYE_CORNERS) and bool(topology.groups)
    for landmarks, target in pairs:
        squared.append(((landmarks - target) ** 2).mean((1, 2)) * 128**2)
        if knows_eyes:
            relative.append(normalized_errors(landmarks, target, OUTER_EYE_CORNERS).mean(1))
    accuracy = {"mse_px2": float(np.concatenate(squared).mean())}
    if relative:
        accuracy["nme_percent"] = float(100 * np.concatenate(relative).mean())
    return accuracy
