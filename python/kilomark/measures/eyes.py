"""How open the eyes are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kilomark.measures.contours import corners, distance, gap
from kilomark.measures.face_frame import face_frame

if TYPE_CHECKING:
    from kilomark.faces import Face

__all__ = ["EyeOpenness", "eye_openness"]


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
    points = face_frame(face)
    ratios = [
        gap(points, face.topology, name) / distance(*corners(points, face.topology, name))
        for name in ("right_eye", "left_eye")
    ]
    return EyeOpenness(*ratios)
