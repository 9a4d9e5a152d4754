"""Frames of video files, streams and animated pictures, by FFmpeg through PyAV."""

from __future__ import annotations

import logging
import math
import time
from contextlib import contextmanager
from fractions import Fraction
from itertools import chain
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
from kilomark.video.file_clock import FileClock
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

UNSEARCHED = {"mpeg", "mpegvideo", "m4v", "mjpeg", "h264", "hevc", "vc1", "av1", "obu"}
"""Formats whose times are counted from where the reading begins, so it begins at the beginning."""

SEARCH_MARGINS = (0.0, 10.0)
"""Seconds before the start at which a key frame is looked for."""


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
    """A file or a stream, by everything that FFmpeg reads. Rotation and mirroring tags are honored.

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
        self._open()
        if not self._container.streams.video:
            self.close()
            raise InvalidInputError(
                f"{self.name} holds no video; pass a file or stream with pictures"
            )
        has_length = self._container.duration is not None
        self.is_live = is_live_address(source) or (is_web_address(source) and not has_length)
        rate = self._stream.average_rate
        self.frames_per_second = float(rate) if rate else None
        self.pixel_aspect = self._stream.sample_aspect_ratio or Fraction(1)
        if has_length and not self.is_live:
            self.duration_seconds = self._container.duration / self._av.time_base

    def _open(self) -> None:
        """Open the source at its beginning."""
        is_rtsp = self._source.lower().startswith("rtsp")
        with self._errors("opened"):
            self._container = self._av.open(
                self._source,
                options={"rtsp_transport": "tcp"} if is_rtsp else {},
                timeout=(OPEN_SECONDS, READ_SECONDS),
            )
        if self._container.streams.video:
            self._stream = self._container.streams.video[0]
            self._stream.thread_type = "AUTO"
        self._is_at_beginning = True

    def frames(self, start_seconds: float = 0.0) -> Iterator[VideoFrame]:
        """See `VideoSource.frames`."""
        origin = float((self._stream.start_time or 0) * self._stream.time_base)
        clock, last = FileClock(), 0.0
        step = 1 / (self.frames_per_second or USUAL_RATE)
        begin: float | None = None
        for frame in self._decoded_from(max(start_seconds, 0.0), origin):
            seconds: float | None = frame.time  # some files have none
            if self._container.format.name in PICTURE_STREAMS:
                begin = begin or time.monotonic()
                seconds = origin + time.monotonic() - begin
            last = max(last, clock.time(None if seconds is None else seconds - origin, step))
            if last >= start_seconds - min(step, 1 / USUAL_RATE) / 4:
                yield VideoFrame(_upright(frame), last)

    def _decoded_from(self, start_seconds: float, origin: float) -> Iterator[av.VideoFrame]:
        """Decode from a key frame that is not after the start, or from the beginning.

        Formats without an index, such as MPEG-TS, may find a later key frame than they are asked
        for.
        """
        if self.is_live:
            return self._decoded()
        is_searched = start_seconds > 0 and self._container.format.name not in UNSEARCHED
        for margin in SEARCH_MARGINS if is_searched else ():
            self._is_at_beginning = False
            target = (max(start_seconds - margin, 0.0) + origin) / self._stream.time_base
            try:
                self._container.seek(round(target), stream=self._stream, backward=True)
            except self._av.error.FFmpegError:
                break
            decoded = self._decoded()
            first = next(decoded, None)
            if first is None and start_seconds >= (self.duration_seconds or math.inf):
                return iter(())
            if first is not None and (first.time or 0.0) - origin <= start_seconds:
                return chain([first], decoded)
        if not self._is_at_beginning:
            self.close()
            self._open()
        return self._decoded()

    def _decoded(self) -> Iterator[av.VideoFrame]:
        """Decode packet by packet, so that a damaged one costs its own pictures only."""
        self._is_at_beginning = False
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
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return image
    # ISO 14496-12: a b u c d v x y w; the pixel (p, q) is shown at (a p + c q, b p + d q).
    a, b, _, c, d = (int(value) for value in np.frombuffer(bytes(matrix), np.int32)[:5])
    if abs(b) + abs(c) > abs(a) + abs(d):
        image, a, d = image.swapaxes(0, 1), c, b
    return np.ascontiguousarray(image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1])
