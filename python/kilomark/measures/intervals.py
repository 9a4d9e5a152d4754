"""Blinks and yawns: intervals in which an eye is closed or the mouth is wide open."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from kilomark.errors import InvalidInputError

__all__ = ["Blink", "BlinkCounter", "Interval", "YawnDetector"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of time, in seconds of the caller's clock."""

    start: float
    end: float

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Blink(Interval):
    """A closing of the eyes, from the moment they fall below the threshold to when they open."""

    least_openness: float
    """The least share of the usual opening that was seen."""


def check_time(timestamp: float, last: float | None) -> float:
    """Return the time as a float; raise `InvalidInputError` unless it is finite and not earlier."""
    time = float(timestamp)
    if not np.isfinite(time) or (last is not None and time < last):
        raise InvalidInputError(
            f"timestamp is {time} s after {last} s; expected finite times that do not go back: "
            "make a new counter for another clip"
        )
    return time


class BlinkCounter:
    """Finds blinks in the eye openness of one face over time.

    An eye counts as closed below ``close_share`` of its usual opening and as open again above
    ``open_share``; the usual opening is the 80th percentile of the last ``window_s`` seconds. A
    closing longer than ``longest_s`` is not a blink but closed eyes, and is not reported.

    Args:
        close_share: 0 to 1.
        open_share: ``close_share`` to 1.
        window_s: seconds over which the usual opening is taken.
        longest_s: seconds of the longest blink.

    Raises:
        InvalidInputError: the shares are not in this order, or a time is not positive.
    """

    def __init__(
        self,
        *,
        close_share: float = 0.45,
        open_share: float = 0.65,
        window_s: float = 10.0,
        longest_s: float = 0.8,
    ) -> None:
        if not 0 < close_share <= open_share <= 1 or window_s <= 0 or longest_s <= 0:
            raise InvalidInputError(
                f"close_share={close_share}, open_share={open_share}, window_s={window_s}, "
                f"longest_s={longest_s}; expected 0 < close_share <= open_share <= 1 and "
                "positive times"
            )
        self._close_share, self._open_share = close_share, open_share
        self._window_s, self._longest_s = window_s, longest_s
        self._seen: deque[tuple[float, float]] = deque()
        self._start: float | None = None
        self._least = 1.0

    def update(self, openness: float, timestamp: float) -> Blink | None:
        """Take the openness of a frame; return a blink that ends with it, or None.

        Args:
            openness: `kilomark.measures.EyeOpenness.mean`, or one eye's. NaN is skipped.
            timestamp: seconds, not before the last one.

        Raises:
            InvalidInputError: the time is not finite or goes back.
        """
        now = check_time(timestamp, self._seen[-1][0] if self._seen else None)
        if not np.isfinite(openness):
            return None
        self._seen.append((now, float(openness)))
        while now - self._seen[0][0] > self._window_s:
            self._seen.popleft()
        usual = float(np.percentile([value for _, value in self._seen], 80))
        share = float(openness) / usual if usual > 0 else 0.0
        if self._start is None:
            if share < self._close_share:
                self._start, self._least = now, share
            return None
        self._least = min(self._least, share)
        if share < self._open_share:
            return None
        start, self._start = self._start, None
        return Blink(start, now, self._least) if now - start <= self._longest_s else None


class YawnDetector:
    """Finds yawns in the mouth openness of one face over time.

    A yawn is a mouth that stays open by more than ``threshold`` for ``shortest_s`` seconds or more.

    Args:
        threshold: of `kilomark.measures.mouth_openness`.
        shortest_s: seconds.
    """

    def __init__(self, *, threshold: float = 0.6, shortest_s: float = 1.5) -> None:
        self._threshold, self._shortest_s = threshold, shortest_s
        self._start: float | None = None
        self._last: float | None = None

    def update(self, openness: float, timestamp: float) -> Interval | None:
        """Take the openness of a frame; return a yawn that ends with it, or None.

        Raises:
            InvalidInputError: the time is not finite or goes back.
        """
        now = self._last = check_time(timestamp, self._last)
        if openness > self._threshold:
            self._start = now if self._start is None else self._start
            return None
        start, self._start = self._start, None
        if start is None or now - start < self._shortest_s:
            return None
        return Interval(start, now)
