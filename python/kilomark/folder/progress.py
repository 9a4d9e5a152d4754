"""What a run has done, how fast it is, and how long it will take."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TextIO

if TYPE_CHECKING:
    from kilomark.streaming import ImageResult

__all__ = ["Counts", "Progress", "ProgressLine", "Rate", "counted", "describe_duration"]

WINDOW_S = 30.0
"""The rate is that of this many seconds."""


@dataclass(slots=True)
class Counts:
    """What became of photos."""

    photos: int = 0
    faces: int = 0
    without_faces: int = 0
    errors: int = 0
    """Photos that could not be read; the column ``error`` says why."""

    def count(self, result: ImageResult[Any]) -> None:
        """Count one photo."""
        self.photos += 1
        self.faces += len(result.faces)
        self.errors += result.error is not None
        self.without_faces += result.error is None and not result.faces

    def add(self, other: Counts) -> None:
        """Add the counts of other photos."""
        self.photos += other.photos
        self.faces += other.faces
        self.without_faces += other.without_faces
        self.errors += other.errors

    def describe(self) -> str:
        """Say the counts in a line."""
        return (
            f"{counted(self.photos, 'photo')}: {counted(self.faces, 'face')}, "
            f"{counted(self.without_faces, 'photo')} without faces, "
            f"{counted(self.errors, 'error')}"
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a run."""

    counts: Counts
    """Of all photos that are done, those of earlier runs included."""
    num_photos: int
    photos_per_s: float

    @property
    def left_s(self) -> float | None:
        """Seconds that the rest takes at this rate; None if it is not known yet."""
        left = self.num_photos - self.counts.photos
        return left / self.photos_per_s if self.photos_per_s > 0 else None

    def describe(self) -> str:
        """Say the progress in a line."""
        left = "?" if self.left_s is None else describe_duration(self.left_s)
        return (
            f"{self.counts.photos:,} / {self.num_photos:,} photos, {self.counts.faces:,} faces, "
            f"{self.counts.errors:,} errors, {self.photos_per_s:.1f} photos/s, {left} left"
        )


class Rate:
    """Photos a second, over the last `WINDOW_S` seconds."""

    def __init__(self) -> None:
        self._marks = deque([(time.monotonic(), 0)])
        self._photos = 0

    def count(self) -> None:
        """Count a photo that is done now."""
        self._photos += 1
        now = time.monotonic()
        if now - self._marks[-1][0] > WINDOW_S / 30:
            self._marks.append((now, self._photos))
        while len(self._marks) > 2 and now - self._marks[1][0] > WINDOW_S:
            self._marks.popleft()

    def photos_per_s(self) -> float:
        """Return the rate."""
        since, photos = self._marks[0]
        return (self._photos - photos) / max(time.monotonic() - since, 1e-9)


class Describable(Protocol):
    """The state of some run."""

    def describe(self) -> str:
        """Say it in a line."""
        ...


class ProgressLine:
    """Shows the progress of a run: one line that changes on a terminal, else a line now and then.

    Args:
        stream: where it is shown, such as ``sys.stderr``.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._every_s = 0.5 if self._is_terminal else 30.0
        self._shown_at = time.monotonic()
        self._width = 0

    def __call__(self, progress: Describable) -> None:
        """Show the progress if the last time is long enough ago."""
        now = time.monotonic()
        if now - self._shown_at < self._every_s:
            return
        self._shown_at = now
        text = progress.describe()
        if self._is_terminal:
            self._stream.write("\r" + text.ljust(self._width))
            self._width = len(text)
        else:
            self._stream.write(text + "\n")
        self._stream.flush()

    def close(self) -> None:
        """End the line of a terminal."""
        if self._width:
            self._stream.write("\n")
            self._stream.flush()


def describe_duration(seconds: float) -> str:
    """Say a duration in its two largest units."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def counted(number: int, noun: str) -> str:
    """Say a number of things: ``1 photo``, ``2 photos``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
