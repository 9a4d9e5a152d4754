"""Places on the contours of the face, by group and fraction of the contour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt

if TYPE_CHECKING:
    from kilomark.topology import Topology

__all__ = ["corners", "distance", "gap", "group_center"]

Points = npt.NDArray[np.floating[Any]]

FEWEST_OF_A_GAP = 6

_LID_FRACTIONS = (0.40, 0.45, 0.50, 0.55, 0.60)
"""Of the way from one corner to the other, where the gap between two lids or lips is measured."""


def distance(first: Points, second: Points) -> float:
    """Return the distance of two points."""
    return float(np.linalg.norm(first - second))


def group_center(points: Points, topology: Topology, name: str) -> Points:
    """Return the mean of a group's points."""
    center: Points = points[topology.group(name).indices].mean(axis=0)
    return center


def corners(points: Points, topology: Topology, name: str) -> tuple[Points, Points]:
    """Return both corners of an eye or of the lips: where the contour begins, and half way round.

    The first corner lies to the subject's right for the right eye and the lips, and is the outer
    corner for both eyes.
    """
    group = topology.group(name)
    return points[group.start], points[group.start + group.count // 2]


def gap(points: Points, topology: Topology, name: str) -> float:
    """Return the mean distance between the lower and the upper half of a closed contour.

    It is taken at the middle fifth between the corners, from x and y alone: depth comes from the
    mean face, whose eyes are open.

    Raises:
        InvalidInputError: there is no such group, or it has fewer than 6 landmarks.
    """
    group = topology.group(name)
    if group.count < FEWEST_OF_A_GAP:
        raise InvalidInputError(
            f"the landmark group {excerpt(name)} has {group.count} landmarks; expected "
            f"{FEWEST_OF_A_GAP} and more to measure a gap"
        )
    contour = points[group.indices]
    half = group.count // 2
    steps = [round(fraction * half) for fraction in _LID_FRACTIONS]
    lower = contour[steps]
    upper = contour[[group.count - step for step in steps]]
    return float(np.linalg.norm((lower - upper)[:, :2], axis=1).mean())
