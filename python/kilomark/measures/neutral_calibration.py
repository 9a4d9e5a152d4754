"""A person's face at rest, learned from the first seconds of a video."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kilomark.errors import InvalidInputError
from kilomark.measures.blendshapes import neutral_face
from kilomark.measures.intervals import check_time

if TYPE_CHECKING:
    from kilomark.faces import Face
    from kilomark.measures.blendshape_model import NeutralFace

__all__ = ["NeutralCalibration"]

LARGEST_ANGLE_DEG = 20.0
"""Yaw and pitch up to which a face counts."""

FEWEST_FACES, MOST_FACES = 5, 60
"""Of which the neutral face is the median; more faces are thinned out evenly."""


class NeutralCalibration:
    """Learns a person's face at rest from the first seconds of a video.

    Ask the person to look into the camera with a relaxed face. Frames in which the head is turned
    by more than 20 degrees do not count. Use one calibration for each person.

    Args:
        seconds: from the first frame that counts to the last.

    Raises:
        InvalidInputError: ``seconds`` is not a finite number above 0.
    """

    def __init__(self, seconds: float = 2.0) -> None:
        if not (np.isfinite(seconds) and seconds > 0):
            raise InvalidInputError(
                f"the calibration takes {seconds} seconds; expected a finite number above 0"
            )
        self._seconds = float(seconds)
        self._faces: list[Face] = []
        self._first: float | None = None
        self._last: float | None = None
        self._neutral: NeutralFace | None = None

    @property
    def neutral(self) -> NeutralFace | None:
        """The face at rest, or None while it is being learned."""
        return self._neutral

    def update(self, face: Face, timestamp: float) -> NeutralFace | None:
        """Take the face of a frame; return the face at rest, or None while it is being learned.

        Raises:
            InvalidInputError: the time is not finite or goes back, or the bundle has no mean face
                or not the groups of `blendshapes`.
        """
        self._last = check_time(timestamp, self._last)
        if self._neutral is not None or not _looks_ahead(face):
            return self._neutral
        self._first = self._last if self._first is None else self._first
        self._faces.append(face)
        if self._last - self._first >= self._seconds and len(self._faces) >= FEWEST_FACES:
            steps = np.linspace(0, len(self._faces) - 1, min(MOST_FACES, len(self._faces)))
            self._neutral = neutral_face([self._faces[round(step)] for step in steps])
            self._faces = []
        return self._neutral


def _looks_ahead(face: Face) -> bool:
    pose = face.pose
    return pose is not None and max(abs(pose.yaw_deg), abs(pose.pitch_deg)) <= LARGEST_ANGLE_DEG
