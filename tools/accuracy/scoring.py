"""Pairs of found and labeled faces, and the error of points, the same for every system.

Method: a face is found where a box has an IoU of at least 0.4 with its label, or each one's center
lies in the other's box and their areas differ by less than five times; pairs are taken greedily by
IoU. Points of different annotations are compared through one fixed linear map a system (40
principal components, ridge), fitted on one half of the photos and used on the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Counts", "Found", "asymmetry", "match", "point_errors", "transfer"]

Array = np.ndarray[Any, Any]

FEWEST_FACES = 20  # that a linear map is fitted on
_IOU, _AREA_FACTOR = 0.4, 5.0
_COMPONENTS, _RIDGE = 40, 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a system finds in one photo.

    Attributes:
        boxes: (D, 4) x0, y0, x1, y1 pixels.
        points: (D, K, 2), or None.
        scores: (D,), or None from a system without.
    """

    boxes: Array
    points: Array | None = None
    scores: Array | None = None


@dataclass(slots=True)
class Counts:
    """Faces found and missed, and boxes without a face."""

    found: int = 0
    missed: int = 0
    false: int = 0


def match(labels: Array, ignored: Array, boxes: Array) -> tuple[Array, Counts]:
    """Pair labels (F, 4) and boxes (D, 4).

    Returns:
        (F,) int, the box of each label or -1, and the counts without ignored labels.
    """
    partner = np.full(len(labels), -1)
    overlap, fits = _overlap(labels, boxes)
    taken = np.zeros(len(boxes), bool)
    for flat in np.argsort(-overlap, axis=None):
        label, box = divmod(int(flat), max(len(boxes), 1))
        if fits[label, box] and partner[label] < 0 and not taken[box]:
            partner[label], taken[box] = box, True
    on_ignored = (
        fits[ignored].any(0) if ignored.any() and len(boxes) else np.zeros(len(boxes), bool)
    )
    counts = Counts(
        found=int((partner[~ignored] >= 0).sum()),
        missed=int((partner[~ignored] < 0).sum()),
        false=int((~taken & ~on_ignored).sum()),
    )
    return partner, counts


def _overlap(labels: Array, boxes: Array) -> tuple[Array, Array]:
    if not len(labels) or not len(boxes):
        return np.zeros((len(labels), len(boxes))), np.zeros((len(labels), len(boxes)), bool)
    a, b = labels[:, None], boxes[None]
    extent = np.clip(
        np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0, None
    )
    shared = extent.prod(-1)
    areas = (a[..., 2:] - a[..., :2]).prod(-1), (b[..., 2:] - b[..., :2]).prod(-1)
    iou = shared / np.maximum(areas[0] + areas[1] - shared, 1e-9)
    centers = (a[..., :2] + a[..., 2:]) / 2, (b[..., :2] + b[..., 2:]) / 2
    mutual = np.ones(iou.shape, bool)
    for center, box in ((centers[0], b), (centers[1], a)):
        mutual &= ((center > box[..., :2]) & (center < box[..., 2:])).all(-1)
    ratio = np.maximum(*areas) / np.maximum(np.minimum(*areas), 1e-9)
    return iou, (iou >= _IOU) | (mutual & (ratio < _AREA_FACTOR))


def transfer(found: Array, labels: Array, folds: Array) -> Array:
    """Labels (N, P, 2) predicted from a system's points (N, K, 2), each fold from the other.

    Args:
        found: points of the system.
        labels: points of people.
        folds: (N,) bool, which half of the photos a face is in.
    """
    low, high = found.min(1), found.max(1)
    center = ((low + high) / 2)[:, None]
    size = np.sqrt((high - low).prod(1))[:, None, None]
    inputs = ((found - center) / size).reshape(len(found), -1)
    wanted = ((labels - center) / size).reshape(len(found), -1)
    predicted = np.empty_like(wanted)
    for fold in (False, True):
        fit, use = folds != fold, folds == fold
        mean = inputs[fit].mean(0)
        _, _, axes = np.linalg.svd(inputs[fit] - mean, full_matrices=False)
        axes = axes[:_COMPONENTS]
        design = np.c_[(inputs[fit] - mean) @ axes.T, np.ones(fit.sum())]
        ridge = _RIDGE * np.eye(design.shape[1])
        ridge[-1, -1] = 0
        weights = np.linalg.solve(design.T @ design + ridge, design.T @ wanted[fit])
        predicted[use] = np.c_[(inputs[use] - mean) @ axes.T, np.ones(use.sum())] @ weights
    mapped: Array = predicted.reshape(labels.shape) * size + center
    return mapped


def point_errors(points: Array, labels: Array, eyes: tuple[int, int] | None) -> tuple[Array, Array]:
    """Mean error of each face in percent: over the box, and over the eyes.

    Args:
        points: (N, P, 2).
        labels: (N, P, 2).
        eyes: indices of the outer eye corners among the points, None if they are not known.

    Returns:
        (N,) over the square root of the area of the labels' box; (N,) over the distance of the
        outer eye corners, NaN without ``eyes``.
    """
    error = np.linalg.norm(points - labels, axis=-1).mean(1)
    extent = labels.max(1) - labels.min(1)
    by_box = 100 * error / np.sqrt(extent.prod(1))
    if eyes is None:
        return by_box, np.full(len(labels), np.nan)
    apart = np.linalg.norm(labels[:, eyes[0]] - labels[:, eyes[1]], axis=-1)
    return by_box, 100 * error / np.maximum(apart, 1e-6)


def asymmetry(labels: Array, eyes: tuple[int, int], nose: int) -> Array:
    """(N,) 0 for a frontal face to 1 for a profile, from the labels alone: no system decides it."""
    across = labels[:, eyes[1]] - labels[:, eyes[0]]
    size = np.maximum(np.linalg.norm(across, axis=-1), 1e-6)
    place = ((labels[:, nose] - labels[:, eyes[0]]) * across).sum(-1) / size**2
    turned: Array = np.clip(np.abs(2 * place - 1), 0, 1)
    return turned
