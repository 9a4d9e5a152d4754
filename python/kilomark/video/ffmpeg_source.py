"""Frames of video files, streams and animated pictures, by FFmpeg through PyAV."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.errors import DependencyError, InvalidInputError
from kilomark.video.addresses import (
    is_live_address,
    is_stream_address,
    is_web_address,
    without_password,
)
from kilomark.video.frames import USUAL_RATE, VideoFrame, VideoSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    import av
    import numpy.typing as npt

__all__ = ["FfmpegSource", "import_av"]

log = logging.getLogger(__name__)

PICTURE_STREAMS = {"mpjpeg"}
"""Formats of cameras that send pictures without times."""

OPEN_SECONDS, READ_SECONDS = 10.0, 10.0
"""How long a stream may be silent before it counts as lost."""


def import_av() -> Any:  # noqa: ANN401  # a module
    """Import PyAV.

    Raises:
        DependencyError: it is not installed.
    """
    try:
        import av
    except ModuleNotFoundError as error:
        raise DependencyError("video needs PyAV: pip install 'kilomark[video]'") from error
    return av


class FfmpegSource(VideoSource):
    """A file or a stream, by everything that FFmpeg reads. Rotation tags are honored.

    Args:
        source: a path, or an address such as ``rtsp://...``. RTSP is read over TCP.

    Raises:
        DependencyError: PyAV is not installed.
        InvalidInputError: the file or stream cannot be opened or has no pictures.
    """

    def __init__(self, source: str) -> None:
        self.name = without_password(source)
        self._source = source
        self._av = import_av()
        options = {"rtsp_transport": "tcp"} if source.lower().startswith("rtsp") else {}
        with self._errors("opened"):
            self._container = self._av.open(
                source, options=options, timeout=(OPEN_SECONDS, READ_SECONDS)
            )
        if not self._container.streams.video:
            self.close()
            raise InvalidInputError(
                f"{self.name} holds no video; pass a file or stream with pictures"
            )
        has_length = self._container.duration is not None
        self.is_live = is_live_address(source) or (is_web_address(source) and not has_length)
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        rate = self._stream.average_rate
        self.frames_per_second = float(rate) if rate else None
        if has_length and not self.is_live:
            self.duration_seconds = self._container.duration / self._av.time_base

    def frames(self, start_seconds: float = 0.0) -> Iterator[VideoFrame]:
        """See `VideoSource.frames`."""
        stream = self._stream
        origin = float((stream.start_time or 0) * stream.time_base)
        if not self.is_live:
            with self._errors("searched"):
                target = round((max(start_seconds, 0.0) + origin) / stream.time_base)
                self._container.seek(target, stream=stream, backward=True)
        last = 0.0
        step = 1 / (self.frames_per_second or USUAL_RATE)
        begin: float | None = None
        for frame in self._decoded():
            seconds: float | None = frame.time  # some files have none
            if self._container.format.name in PICTURE_STREAMS:
                begin = begin or time.monotonic()
                seconds = origin + time.monotonic() - begin
            last = max(last, last + step if seconds is None else seconds - origin)
            if last >= start_seconds - step / 4:
                yield VideoFrame(_upright(frame), last)

    def _decoded(self) -> Iterator[av.VideoFrame]:
        """Decode packet by packet, so that a damaged one costs its own pictures only."""
        damaged = 0
        with self._errors("read"):
            for packet in self._container.demux(self._stream):
                try:
                    yield from packet.decode()
                except self._av.error.InvalidDataError:  # noqa: PERF203
                    damaged += 1
        if damaged:
            log.warning("%s: %d damaged packets were skipped", self.name, damaged)

    @contextmanager
    def _errors(self, done: str) -> Iterator[None]:
        try:
            yield
        except (self._av.error.FFmpegError, OSError) as error:
            raise InvalidInputError(
                f"{self.name} cannot be {done} as a video: {self._explained(error)}"
            ) from error

    def _explained(self, error: Exception) -> str:
        """Return what happened, and what the user can do."""
        errors = self._av.error
        if isinstance(error, errors.ExitError):  # PyAV's timeouts end FFmpeg in this way
            return f"nothing came for {READ_SECONDS:g} s; check the camera and the network"
        if isinstance(error, errors.HTTPUnauthorizedError):
            return (
                "the camera asks for another user or password; write them into the address: "
                "SCHEME://USER:PASSWORD@HOST/, with / as %2F and @ as %40"
            )
        reason = getattr(error, "strerror", None) or error
        if is_stream_address(self._source):
            return f"{reason}; check the address and the camera"
        return f"{reason}; pass a video file, a stream's address or a camera's number"

    def fingerprint(self) -> str:
        """See `VideoSource.fingerprint`."""
        try:
            state = Path(self._source).stat()
        except OSError:
            return self.name
        return f"{Path(self._source).resolve()} {state.st_size} {state.st_mtime_ns}"

    def close(self) -> None:
        """See `VideoSource.close`."""
        self._container.close()


def _upright(frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
    image: npt.NDArray[np.uint8] = frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)
    turns = round(frame.rotation / 90) % 4  # counter-clockwise
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else image
