"""How open the eyes are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kilomark.measures.contours import corners, distance, gap
from kilomark.measures.face_frame import face_frame

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from kilomark.faces import Face
    from kilomark.topology import Topology

__all__ = ["EyeOpenness", "eye_openness", "eye_openness_in"]


@dataclass(frozen=True, slots=True)
class EyeOpenness:
    """The gap between the lids over the width of the eye: 0 closed, about 0.3 open."""

    right: float
    left: float

    @property
    def mean(self) -> float:
        """The mean of both eyes."""
        return (self.right + self.left) / 2


def eye_openness(face: Face) -> EyeOpenness:
    """Measure how open both eyes are.

    ``openness = mean gap between the lids at the middle of the eye / distance of its corners``,
    in the face's frame. It is the eye aspect ratio of Soukupova and Cech ("Real-Time Eye Blink
    Detection using Facial Landmarks", CVWW 2016), with five pairs of points instead of two.

    Raises:
        InvalidInputError: the bundle has no mean face or no eyes, or the landmarks have no pose.
    """
    return eye_openness_in(face_frame(face), face.topology)


def eye_openness_in(points: npt.NDArray[np.float64], topology: Topology) -> EyeOpenness:
    """Measure `eye_openness` in a `face_frame` (K, 3)."""
    ratios = [
        gap(points, topology, name) / distance(*corners(points, topology, name))
        for name in ("right_eye", "left_eye")
    ]
    return EyeOpenness(*ratios)
