"""A file that repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kilomark.video.frames import USUAL_RATE, VideoFrame, VideoSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["LoopingSource"]


class LoopingSource(VideoSource):
    """A source that is opened again each time it ends; its times go on.

    Args:
        source: the source at its beginning; it is closed when it has ended.
        open_again: opens the source from its beginning.
    """

    def __init__(self, source: VideoSource, open_again: Callable[[], VideoSource]) -> None:
        self._open = open_again
        self._source: VideoSource | None = source
        self.name = self._source.name
        self.is_live = self._source.is_live
        self.frames_per_second = self._source.frames_per_second

    def frames(self, start_seconds: float = 0.0) -> Iterator[VideoFrame]:
        """See `VideoSource.frames`; it ends only if the source has no frame at all."""
        step = 1 / (self.frames_per_second or USUAL_RATE)
        offset = -start_seconds
        while True:
            source, self._source = self._source or self._open(), None
            last: float | None = None
            with source:
                for frame in source.frames(start_seconds):
                    last = frame.time_seconds
                    yield VideoFrame(frame.image, offset + last)
            if last is None:
                return
            offset += last + step - start_seconds

    def close(self) -> None:
        """See `VideoSource.close`."""
        if self._source is not None:
            self._source.close()
            self._source = None
