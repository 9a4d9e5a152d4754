"""Ids that go on where a stopped run ended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kilomark.tracker import TrackedFace, Tracker
    from kilomark.video.frames import VideoFrame

__all__ = ["IdBridge"]

SAME_FACE_SHARE = 0.1
"""Of the box's longer side: landmarks whose mean distance is less belong to the same face."""


class IdBridge:
    """Gives the faces of a new tracker the ids that they had in the run before.

    The new tracker sees the last second of that run again. Its faces in the last frame of it are
    matched with those of the run before, by their landmarks.

    Args:
        last_faces: of the last frame of the run before.
        last_id: the largest id that it gave.
    """

    def __init__(self, last_faces: Sequence[TrackedFace], last_id: int) -> None:
        self._last_faces = last_faces
        self._next_id = last_id + 1
        self._new_ids: dict[int, int] = {}
        self._ages: dict[int, int] = {}
        self._warm: list[TrackedFace] = []
        self._is_new = last_id == 0

    def warm_up(self, tracker: Tracker, frame: VideoFrame) -> None:
        """Show the tracker a frame of the run before."""
        self._warm = tracker.update(frame.image, frame.time_seconds)

    def renamed(self, faces: list[TrackedFace]) -> list[TrackedFace]:
        """Return the faces under the ids of the run before, or under new ones."""
        if self._is_new:
            return faces
        self._match_warm_faces()
        out = []
        for face in faces:
            if face.id not in self._new_ids:
                self._new_ids[face.id] = self._next_id
                self._next_id += 1
            age = face.age + self._ages.get(face.id, 0)
            out.append(replace(face, id=self._new_ids[face.id], age=age))
        return out

    def _match_warm_faces(self) -> None:
        for face in self._warm:
            for known in self._last_faces:
                apart = np.linalg.norm(face.landmarks - known.landmarks, axis=1).mean()
                side = max(known.box[2] - known.box[0], known.box[3] - known.box[1])
                if apart < SAME_FACE_SHARE * side and known.id not in self._new_ids.values():
                    self._new_ids[face.id] = known.id
                    self._ages[face.id] = known.age - face.age
        self._warm = []
