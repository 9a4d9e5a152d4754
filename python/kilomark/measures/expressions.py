"""Mouth and brows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kilomark.measures.contours import corners, distance, gap, group_center
from kilomark.measures.face_frame import face_frame, mean_face

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from kilomark.faces import Face
    from kilomark.topology import Topology

__all__ = [
    "BrowRaise",
    "brow_raise",
    "brow_raise_in",
    "mouth_openness",
    "mouth_openness_in",
    "smile",
    "smile_in",
]


def mouth_openness(face: Face) -> float:
    """Measure how open the mouth is.

    ``openness = mean gap between the inner lips at the middle / distance of their corners``, in
    the face's frame: 0 closed, about 0.3 in speech, above 0.6 in a yawn.

    Raises:
        InvalidInputError: the bundle has no mean face or no lips, or the landmarks have no pose.
    """
    return mouth_openness_in(face_frame(face), face.topology)


def mouth_openness_in(points: npt.NDArray[np.float64], topology: Topology) -> float:
    """Measure `mouth_openness` in a `face_frame` (K, 3)."""
    return gap(points, topology, "inner_lips") / distance(*corners(points, topology, "inner_lips"))


def smile(face: Face) -> float:
    """Measure a smile: corners of the mouth drawn apart and up.

    ``smile = (width / mean face's width - 1) + 2 * (lift - mean face's lift)``, where ``lift`` is
    how far the corners lie above the center of the outer lips, over the width. About 0 at rest,
    0.3 and more in a smile, negative for pursed lips or lowered corners.

    Raises:
        InvalidInputError: the bundle has no mean face or no lips, or the landmarks have no pose.
    """
    return smile_in(face_frame(face), mean_face(face), face.topology)


def smile_in(
    points: npt.NDArray[np.float64], mean: npt.NDArray[np.float64], topology: Topology
) -> float:
    """Measure `smile` in a `face_frame` (K, 3), against the mean face (K, 3)."""
    width, lift = _mouth(points, topology)
    mean_width, mean_lift = _mouth(mean, topology)
    return (width / mean_width - 1) + 2 * (lift - mean_lift)


@dataclass(frozen=True, slots=True)
class BrowRaise:
    """How far each brow is raised, in distances of the outer eye corners: 0 on the mean face."""

    right: float
    left: float


def brow_raise(face: Face) -> BrowRaise:
    """Measure how far the brows are raised.

    ``raise = height of the brow's center above the eye's corners - the same on the mean face``,
    in the face's frame. A surprised face has about 0.05 to 0.1, a frown is negative.

    Raises:
        InvalidInputError: the bundle has no mean face, eyes or brows, or there is no pose.
    """
    return brow_raise_in(face_frame(face), mean_face(face), face.topology)


def brow_raise_in(
    points: npt.NDArray[np.float64], mean: npt.NDArray[np.float64], topology: Topology
) -> BrowRaise:
    """Measure `brow_raise` in a `face_frame` (K, 3), against the mean face (K, 3)."""
    heights = [
        _brow_height(points, topology, side) - _brow_height(mean, topology, side)
        for side in ("right", "left")
    ]
    return BrowRaise(*heights)


def _mouth(points: npt.NDArray[np.float64], topology: Topology) -> tuple[float, float]:
    """Width of the mouth, and the lift of its corners over the width."""
    right, left = corners(points, topology, "outer_lips")
    width = distance(right, left)
    center = group_center(points, topology, "outer_lips")
    return width, float(center[1] - (right[1] + left[1]) / 2) / width


def _brow_height(points: npt.NDArray[np.float64], topology: Topology, side: str) -> float:
    outer, inner = corners(points, topology, f"{side}_eye")
    return float((outer[1] + inner[1]) / 2 - group_center(points, topology, f"{side}_brow")[1])
