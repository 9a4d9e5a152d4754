"""The newest frame of a camera: frames that nobody had time for are dropped, so delay stays low."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kilomark.errors import KilomarkError
from kilomark.video.frames import USUAL_RATE

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt
    from typing_extensions import Self

    from kilomark.video.frames import VideoSource

__all__ = ["LiveFrame", "NewestFrame"]

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
SILENT_SECONDS, SILENT_FRAMES = 3.0, 5.0
"""A live source that sends nothing for longer than both of them is in trouble."""


@dataclass(frozen=True, slots=True, eq=False)
class LiveFrame:
    """A frame and when it was read."""

    image: npt.NDArray[np.uint8]
    """(H, W, 3) BGR."""
    read_at: float
    """By `time.monotonic`."""
    number: int
    """Of all frames that were read, dropped ones included."""


class NewestFrame:
    """Reads a live source in a thread, and keeps its newest frame only.

    Whoever asks gets the newest frame, however long the last one took: what is shown is never older
    than the time that one frame takes. When the source ends or fails, it is opened again, once a
    second, until it is back.

    Args:
        open_source: opens the source; it is called again after each loss.
        retry: whether to open it again. By default live sources are; files end, and are read no
            faster than they play.
        retry_seconds: how long to wait before.
    """

    def __init__(
        self,
        open_source: Callable[[], VideoSource],
        *,
        retry: bool | None = None,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._open = open_source
        self._retry_seconds = retry_seconds
        self._changed = threading.Condition()
        self._newest: LiveFrame | None = None
        self._is_ended = False
        self._trouble: str | None = None
        self._stopping = threading.Event()
        self._source = open_source()  # the first time, errors are the caller's
        self._heard_at = time.monotonic()
        self._retry = self._source.is_live if retry is None else retry
        self._thread = threading.Thread(target=self._read, name="newest frame", daemon=True)
        self._thread.start()

    @property
    def trouble(self) -> str | None:
        """Why there are no frames at the moment; None if all is well."""
        with self._changed:
            if self._trouble is None and self._is_silent():
                return "the camera sends no frames at the moment"
            return self._trouble

    @property
    def is_ended(self) -> bool:
        """Whether no frame will come any more."""
        with self._changed:
            return self._is_ended

    @property
    def frames_per_second(self) -> float | None:
        """What the source says of its rate."""
        return self._source.frames_per_second

    def take(self, timeout_seconds: float) -> LiveFrame | None:
        """Wait for a frame that was not taken yet; None if none came in time or will come."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._newest is not None or self._is_ended, timeout_seconds
            )
            frame, self._newest = self._newest, None
            return frame

    def close(self) -> None:
        """Stop reading."""
        self._stopping.set()
        self._thread.join(timeout=5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> None:
        source: VideoSource | None = self._source
        number = 0
        while not self._stopping.is_set():
            trouble = "the camera gives no more frames"
            try:
                if source is None:
                    source = self._source = self._open()
                    self._heard_at = time.monotonic()
                begin = time.monotonic()
                for frame in source.frames():
                    if not source.is_live:
                        self._stopping.wait(begin + frame.time_seconds - time.monotonic())
                    if self._stopping.is_set():
                        break
                    self._publish(LiveFrame(frame.image, time.monotonic(), number))
                    number += 1
            except KilomarkError as error:
                trouble = str(error)
            if source is not None:
                source.close()
                source = None
            if not self._retry:
                break
            self._report(trouble)
            self._stopping.wait(self._retry_seconds)
        if source is not None:
            source.close()
        with self._changed:
            self._is_ended = True
            self._changed.notify_all()

    def _publish(self, frame: LiveFrame) -> None:
        with self._changed:
            self._newest = frame
            self._trouble = None
            self._heard_at = frame.read_at
            self._changed.notify_all()

    def _is_silent(self) -> bool:
        longest = max(
            SILENT_SECONDS, SILENT_FRAMES / (self._source.frames_per_second or USUAL_RATE)
        )
        return (
            self._source.is_live
            and not self._is_ended
            and time.monotonic() - self._heard_at > longest
        )

    def _report(self, trouble: str) -> None:
        with self._changed:
            if self._trouble is None and not self._stopping.is_set():
                log.warning("%s; trying again", trouble)
            self._trouble = trouble
