"""Times that go on where a file begins its own anew, as MPEG-TS files joined end to end do."""

from __future__ import annotations

__all__ = ["FileClock"]

RESTART_SECONDS = 1.0
"""Times that go back by less are those of frames out of their order."""


class FileClock:
    """Turns the times of a file, in their order, into times that never begin anew."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._shift = 0.0

    def time(self, seconds: float | None, step: float) -> float:
        """Return the time of the next frame or packet.

        Args:
            seconds: as the file says; None if it says nothing.
            step: seconds from one to the next, where the file does not say it.
        """
        if self._last is None:
            self._last = seconds or 0.0
            return self._last
        following = self._last + step
        now = following if seconds is None else seconds + self._shift
        if now < self._last - RESTART_SECONDS:
            self._shift += following - now
            now = following
        self._last = max(self._last, now)
        return now
