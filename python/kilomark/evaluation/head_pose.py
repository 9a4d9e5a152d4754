"""How far the head pose that a bundle gives is from the labels'."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

__all__ = ["YawError", "measure_yaw"]

Array = np.ndarray[Any, Any]

_EDGES_DEG = (0, 15, 30, 45, 90)
_FEWEST_FACES = 10


@dataclass(frozen=True, slots=True)
class YawError:
    """The error of the yaw over faces that are turned alike.

    Attributes:
        name: which faces, by the label's yaw.
        num_faces: how many they are.
        error_deg: mean absolute difference from the label.
        bias_deg: mean difference, counted outwards: below 0, faces come out as less turned than
            they are.
    """

    name: str
    num_faces: int
    error_deg: float
    bias_deg: float


def measure_yaw(predicted: Array, labeled: Array) -> list[YawError]:
    """Compare yaws in degrees, (N,) each, by how far the label is turned.

    Faces whose predicted yaw is NaN are left out, and so are spans of less than ten faces.
    """
    known = np.isfinite(predicted)
    predicted, labeled = predicted[known], labeled[known]
    turned = np.abs(labeled)
    outwards = np.where(labeled < 0, -1.0, 1.0) * (predicted - labeled)
    errors = []
    for low, high in pairwise(_EDGES_DEG):
        chosen = (turned >= low) & (turned < high)
        if chosen.sum() < _FEWEST_FACES:
            continue
        errors.append(
            YawError(
                f"{low}° to {high}°",
                int(chosen.sum()),
                error_deg=float(np.abs(outwards[chosen]).mean()),
                bias_deg=float(outwards[chosen].mean()),
            )
        )
    return errors
