"""How networks are measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = [
    "FAILURE_PERCENT",
    "OUTER_EYE_CORNERS",
    "Calibration",
    "FinderAccuracy",
    "LandmarkAccuracy",
    "RocCurve",
    "are_among",
    "area_under_curve",
    "box_iou",
    "box_share",
    "calibration",
    "finder_accuracy",
    "landmark_accuracy",
    "normalized_errors",
    "roc_curve",
]

Array = np.ndarray[Any, Any]

OUTER_EYE_CORNERS = (328, 424)  # landmarks of the 971: right eye, left eye
FAILURE_PERCENT = 8.0  # a face whose mean error is above this share of its eyes' distance failed


@dataclass(frozen=True, slots=True)
class LandmarkAccuracy:
    """Accuracy over a set of faces.

    Attributes:
        nme_percent: mean error of all landmarks over the distance of the outer eye corners,
            averaged over faces, in percent.
        median_nme_percent: the same, median over faces.
        mse_px2: mean squared error of x and of y in pixels of a 128 px crop.
        box_error_percent: mean error over the square root of the area of the landmarks' box,
            averaged over faces; see `box_errors`.
        failure_percent: share of faces whose NME is above 8 %.
    """

    nme_percent: float
    median_nme_percent: float
    mse_px2: float
    box_error_percent: float
    failure_percent: float


def normalized_errors(landmarks: Array, target: Array, eyes: tuple[int, int]) -> Array:
    """(N, K) distance of each landmark over the distance of the outer eye corners ``eyes``."""
    inter_ocular = np.linalg.norm(target[:, eyes[0]] - target[:, eyes[1]], axis=-1)
    errors: Array = np.linalg.norm(landmarks - target, axis=-1) / inter_ocular[:, None]
    return errors


def box_errors(landmarks: Array, target: Array) -> Array:
    """(N,) mean error of a face over the square root of the area of its landmarks' box, in percent.

    In profile the outer eye corners meet, and an error over their distance says nothing. For a
    frontal face this is about half of the NME.
    """
    extent = target.max(1) - target.min(1)
    side = np.sqrt(extent[:, 0] * extent[:, 1])
    errors: Array = 100 * np.linalg.norm(landmarks - target, axis=-1).mean(1) / side
    return errors


def landmark_accuracy(
    landmarks: Array, target: Array, eyes: tuple[int, int] = OUTER_EYE_CORNERS
) -> LandmarkAccuracy:
    """Compare (N, K, 2) landmarks with their labels, both in fractions of the crop's side."""
    per_face = 100 * normalized_errors(landmarks, target, eyes).mean(1)
    return LandmarkAccuracy(
        nme_percent=float(per_face.mean()),
        median_nme_percent=float(np.median(per_face)),
        mse_px2=float(np.mean((landmarks - target) ** 2) * 128**2),
        box_error_percent=float(box_errors(landmarks, target).mean()),
        failure_percent=float(100 * (per_face > FAILURE_PERCENT).mean()),
    )


def area_under_curve(per_face: Array, limit: float = FAILURE_PERCENT) -> float:
    """Area under the cumulative error curve from 0 to ``limit``, as a share: 1 is perfect."""
    return float(np.clip(limit - per_face, 0, None).mean() / limit)


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """How far the predicted spread can be taken for the error.

    Attributes:
        spread: (B,) mean predicted spread of each bin, the bins holding equally many landmarks.
        error: (B,) mean error of the same landmarks.
        off_percent: mean distance of the two over the bins, in percent of the mean error.
    """

    spread: Array
    error: Array
    off_percent: float


def calibration(spread: Array, errors: Array, num_bins: int = 12) -> Calibration:
    """Compare (N, K) predicted spreads with the (N, K) errors that came of them."""
    order = np.argsort(spread, axis=None)
    bins = np.array_split(order, num_bins)
    mean_spread = np.array([spread.flat[rows].mean() for rows in bins])
    mean_error = np.array([errors.flat[rows].mean() for rows in bins])
    off = 100 * np.abs(mean_spread - mean_error).mean() / mean_error.mean()
    return Calibration(mean_spread, mean_error, float(off))


@dataclass(frozen=True, slots=True, eq=False)
class RocCurve:
    """Share of positives and of negatives at or above each threshold, and the area under it."""

    thresholds: Array
    true_share: Array
    false_share: Array
    area: float


def roc_curve(positives: Array, negatives: Array) -> RocCurve:
    """Every threshold at which the shares change, from the highest down; ties count half."""
    thresholds = np.unique(np.concatenate([positives, negatives, [np.inf]]))[::-1]
    true_share = (positives[None] >= thresholds[:, None]).mean(1)
    false_share = (negatives[None] >= thresholds[:, None]).mean(1)
    heights = (true_share[1:] + true_share[:-1]) / 2
    area = float((heights * np.diff(false_share)).sum())
    return RocCurve(thresholds, true_share, false_share, area)


def box_iou(boxes: Array, box: Array) -> Array:
    """Intersection over union of (M, 4) boxes with one box (4,)."""
    intersection, areas, area = _intersection_and_areas(boxes, box)
    return np.asarray(intersection / (areas + area - intersection))


def are_among(boxes: Array, real: Array) -> Array:
    """Which of (N, 4) boxes meet one of (M, 4) real ones to half: (N,) bool."""
    return np.array([(box_iou(real, box) >= 0.5).any() for box in boxes], bool)


def box_share(boxes: Array, box: Array) -> Array:
    """Intersection of (M, 4) boxes with one box (4,), over the smaller one's area."""
    intersection, areas, area = _intersection_and_areas(boxes, box)
    return np.asarray(intersection / np.minimum(areas, area))


def _intersection_and_areas(boxes: Array, box: Array) -> tuple[Array, Array, Any]:
    overlap = np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2])
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return np.clip(overlap, 0, None).prod(1), areas, (box[2:] - box[:2]).prod()


@dataclass(frozen=True, slots=True)
class FinderAccuracy:
    """Recall and precision at one score threshold, IoU 0.5, and the share of clean backgrounds."""

    recall_percent: float
    precision_percent: float
    clean_backgrounds_percent: float


def finder_accuracy(
    found: list[Array], labels: Array, found_in_backgrounds: list[Array]
) -> FinderAccuracy:
    """Compare the boxes found in each photo, best first, with its one labeled box (N, 4)."""
    hits = 0
    for boxes, label in zip(found, labels, strict=True):
        hits += bool(len(boxes)) and bool((box_iou(boxes, label) >= 0.5).any())
    total = sum(len(boxes) for boxes in found)
    clean = sum(len(boxes) == 0 for boxes in found_in_backgrounds)
    return FinderAccuracy(
        recall_percent=100 * hits / len(labels),
        precision_percent=100 * hits / max(total, 1),
        clean_backgrounds_percent=100 * clean / max(len(found_in_backgrounds), 1),
    )
