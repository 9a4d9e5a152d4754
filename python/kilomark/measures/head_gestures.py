"""Nods and shakes of the head."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kilomark.measures.intervals import check_time

if TYPE_CHECKING:
    from kilomark.pose import Pose

__all__ = ["HeadGesture", "HeadGestureDetector"]


@dataclass(frozen=True, slots=True)
class HeadGesture:
    """A nod (up and down) or a shake (left and right)."""

    kind: Literal["nod", "shake"]
    start: float
    """Seconds of the caller's clock, of the first of the turns."""
    end: float


class HeadGestureDetector:
    """Finds nods and shakes in the poses of one face over time.

    A gesture is ``num_turns`` changes of direction of pitch (nod) or yaw (shake) within
    ``window_s`` seconds, each after a swing of ``least_swing_deg`` degrees or more. After a gesture
    the count of turns starts again.

    Args:
        least_swing_deg: degrees of the least swing that counts.
        num_turns: changes of direction that make a gesture.
        window_s: seconds.
    """

    def __init__(
        self, *, least_swing_deg: float = 5.0, num_turns: int = 3, window_s: float = 1.5
    ) -> None:
        self._axes = {
            "nod": _Turns(least_swing_deg, num_turns, window_s),
            "shake": _Turns(least_swing_deg, num_turns, window_s),
        }
        self._last: float | None = None

    def update(self, pose: Pose, timestamp: float) -> HeadGesture | None:
        """Take the pose of a frame; return a gesture that it completes, or None.

        Raises:
            InvalidInputError: the time is not finite or goes back.
        """
        now = self._last = check_time(timestamp, self._last)
        nod = self._axes["nod"].update(pose.pitch_deg, now)
        shake = self._axes["shake"].update(pose.yaw_deg, now)
        if nod is None and shake is None:
            return None
        for turns in self._axes.values():
            turns.clear()
        if nod is not None:
            return HeadGesture("nod", nod, now)
        assert shake is not None
        return HeadGesture("shake", shake, now)


class _Turns:
    """Changes of direction of one angle."""

    def __init__(self, least_swing_deg: float, num_turns: int, window_s: float) -> None:
        self._least, self._num, self._window = least_swing_deg, num_turns, window_s
        self._times: deque[float] = deque()
        self._low = self._high = float("nan")
        self._direction = 0

    def clear(self) -> None:
        self._times.clear()

    def update(self, angle_deg: float, now: float) -> float | None:
        """Return the time of the first turn of a gesture that is complete."""
        if self._low != self._low:  # the first angle
            self._low = self._high = angle_deg
        self._low, self._high = min(self._low, angle_deg), max(self._high, angle_deg)
        if self._direction <= 0 and angle_deg - self._low >= self._least:
            self._turn(1, angle_deg, now)
        elif self._direction >= 0 and self._high - angle_deg >= self._least:
            self._turn(-1, angle_deg, now)
        while self._times and now - self._times[0] > self._window:
            self._times.popleft()
        return self._times[0] if len(self._times) >= self._num else None

    def _turn(self, direction: int, angle_deg: float, now: float) -> None:
        if self._direction:  # the first swing has no turn before it
            self._times.append(now)
        self._direction = direction
        self._low = self._high = angle_deg
