"""The faces at rest of everybody in a video."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from kilomark.errors import InvalidInputError
from kilomark.measures import NeutralCalibration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kilomark.measures import NeutralFace
    from kilomark.tracker import TrackedFace

__all__ = ["Calibrations"]

REMEMBERED_SECONDS = 60.0
"""How long the calibration of a face that is not seen is kept."""


class Calibrations:
    """One `NeutralCalibration` for each id.

    Args:
        seconds: how long a new face is taken to be at rest.

    Raises:
        InvalidInputError: ``seconds`` is not a finite number above 0.
    """

    def __init__(self, seconds: float) -> None:
        NeutralCalibration(seconds)  # refuses a wrong number now
        self._of_id = defaultdict[int, NeutralCalibration](lambda: NeutralCalibration(seconds))
        self._seen: dict[int, float] = {}

    def update(self, faces: Sequence[TrackedFace], timestamp: float) -> dict[int, NeutralFace]:
        """Take the faces of a frame; return the faces at rest that are known, by id."""
        for face in faces:
            self._seen[face.id] = timestamp
            try:
                self._of_id[face.id].update(face, timestamp)
            except InvalidInputError:  # a network of other groups has no blendshapes
                continue
        for id_, seen in list(self._seen.items()):
            if timestamp - seen > REMEMBERED_SECONDS:
                del self._of_id[id_], self._seen[id_]
        known = {id_: calibration.neutral for id_, calibration in self._of_id.items()}
        return {id_: neutral for id_, neutral in known.items() if neutral is not None}
