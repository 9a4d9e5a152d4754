"""Frames per second over the last frames."""

from __future__ import annotations

from collections import deque

__all__ = ["FrameRate"]

FRAMES = 30


class FrameRate:
    """Counts frames."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=FRAMES)

    def count(self, now: float) -> None:
        """Take note of a frame at a time in seconds."""
        self._times.append(now)

    @property
    def per_second(self) -> float:
        """Over the last 30 frames; 0 before the second one."""
        if len(self._times) < 2:
            return 0.0
        return (len(self._times) - 1) / max(self._times[-1] - self._times[0], 1e-6)
