"""The columns of a video's table that hold measures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.measures import (
    BLENDSHAPES,
    MEASURES,
    BlinkCounter,
    HeadGestureDetector,
    YawnDetector,
    blendshapes,
    measure,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kilomark.sinks.rows import Extra
    from kilomark.tracker import TrackedFace

__all__ = ["MEASURE_SETS", "MeasureSet", "MeasuresOverTime", "measure_columns"]

MeasureSet = Literal["none", "basic", "all"]

MEASURE_SETS: tuple[MeasureSet, ...] = ("none", "basic", "all")

EVENT_COLUMNS: Mapping[str, type] = {"blink_seconds": float, "yawn_seconds": float, "gesture": str}


def measure_columns(measures: MeasureSet) -> dict[str, type]:
    """Return names and types of the columns: those of ``basic``, and for ``all`` blendshapes too.

    Raises:
        InvalidInputError: there is no such set.
    """
    if measures not in MEASURE_SETS:
        raise InvalidInputError(
            f"measures is {excerpt(measures)}; expected one of {', '.join(MEASURE_SETS)}"
        )
    if measures == "none":
        return {}
    columns = dict.fromkeys(MEASURES, float) | dict(EVENT_COLUMNS)
    return columns | (dict.fromkeys(BLENDSHAPES, float) if measures == "all" else {})


class MeasuresOverTime:
    """Takes the measures of tracked faces frame by frame; knows the events of each id."""

    def __init__(self, measures: MeasureSet) -> None:
        self._measures = measures
        self._events: dict[int, _Events] = {}

    def values_of(self, face: TrackedFace, time_seconds: float) -> dict[str, Extra]:
        """Return the values of `measure_columns` for a face of the next frame."""
        if self._measures == "none":
            return {}
        found = measure(face)
        values: dict[str, Extra] = {**found}
        values |= self._events.setdefault(face.id, _Events()).update(face, found, time_seconds)
        if self._measures == "all":
            values |= _blendshapes(face)
        return values


class _Events:
    """Blinks, yawns and gestures of one face."""

    def __init__(self) -> None:
        self._blinks, self._yawns = BlinkCounter(), YawnDetector()
        self._gestures = HeadGestureDetector()

    def update(
        self, face: TrackedFace, found: Mapping[str, float | None], time_seconds: float
    ) -> dict[str, Extra]:
        """Return the events that end in this frame."""
        right, left = found["eye_openness_right"], found["eye_openness_left"]
        mouth, pose = found["mouth_openness"], face.pose
        blink = yawn = gesture = None
        if right is not None and left is not None:
            blink = self._blinks.update((right + left) / 2, time_seconds)
        if mouth is not None:
            yawn = self._yawns.update(mouth, time_seconds)
        if pose is not None:
            gesture = self._gestures.update(pose, time_seconds)
        return {
            "blink_seconds": None if blink is None else blink.duration,
            "yawn_seconds": None if yawn is None else yawn.duration,
            "gesture": None if gesture is None else gesture.kind,
        }


def _blendshapes(face: TrackedFace) -> dict[str, Extra]:
    try:
        return dict(blendshapes(face))
    except InvalidInputError:  # the network has no mean face, or not these groups
        return dict.fromkeys(BLENDSHAPES)
