"""Encoding of frames, and joining of encoded parts with the source's sound."""

from __future__ import annotations

import errno
import logging
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.video.ffmpeg_source import import_av
from kilomark.video.sound import SoundKind, SoundTracks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt

__all__ = ["VIDEO_SUFFIXES", "PartWriter", "check_output_suffix", "join_parts"]

log = logging.getLogger(__name__)

TICKS_PER_SECOND = 90_000
TIME_BASE = Fraction(1, TICKS_PER_SECOND)

SQUARE = Fraction(1)
BT709, LIMITED_RANGE = 1, 1
"""ISO 23091-2: players take pictures without these numbers for other colors, by their size."""

VIDEO_SUFFIXES = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
"""FFmpeg's formats by the suffix of the file."""

ENCODERS: dict[str, list[tuple[str, dict[str, str]]]] = {
    "webm": [("libvpx-vp9", {"crf": "32", "b": "0", "deadline": "realtime", "cpu-used": "6"})],
    # bf 0: without B-frames packets are in the order of their times, and parts join cleanly
    "": [
        ("libx264", {"crf": "20", "preset": "veryfast", "bf": "0"}),
        ("libopenh264", {}),
        ("mpeg4", {"q:v": "3", "bf": "0"}),
    ],
}


def check_output_suffix(path: Path) -> str:
    """Return FFmpeg's format for a file.

    Raises:
        InvalidInputError: the suffix names none that can be written.
    """
    try:
        return VIDEO_SUFFIXES[path.suffix.lower()]
    except KeyError:
        raise InvalidInputError(
            f"{path}: no video format for the suffix {excerpt(path.suffix)}; "
            f"expected {', '.join(VIDEO_SUFFIXES)}"
        ) from None


@contextmanager
def writing_errors(path: Path) -> Iterator[None]:
    """Translate what FFmpeg and the operating system raise while ``path`` is written."""
    av = import_av()
    try:
        yield
    except (av.error.FFmpegError, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidInputError(f"{path} cannot be written: {reason}") from error


class PartWriter:
    """Encodes frames of one size to a file whose times begin at 0.

    Args:
        path: an .mp4 file, for every format of the whole.
        output_format: of the whole, as `check_output_suffix` returns it; it decides the codec.
        frames_per_second: roughly; each frame has a time of its own.
        pixel_aspect: width of a pixel over its height, where the video is shown.
        shown: what errors name; by default ``path``.
    """

    def __init__(
        self,
        path: Path,
        output_format: str,
        frames_per_second: float | None,
        pixel_aspect: Fraction = SQUARE,
        *,
        shown: Path | None = None,
    ) -> None:
        self._path = path
        self._shown = shown or path
        self._pixel_aspect = pixel_aspect
        self._format = output_format
        self._rate = Fraction(frames_per_second or 25.0).limit_denominator(1001)
        self._container: Any = None
        self._stream: Any = None
        self._first_seconds = 0.0
        self._last_ticks = -1

    def add(self, image: npt.NDArray[np.uint8], time_seconds: float) -> None:
        """Encode a frame (H, W, 3) BGR. Odd sides lose their last row or column.

        Raises:
            InvalidInputError: the size differs from that of the frames before, or the disk is full.
        """
        av = import_av()
        height, width = (side // 2 * 2 for side in image.shape[:2])
        with writing_errors(self._shown):
            if self._container is None:
                self._open(width, height, time_seconds)
            elif (self._stream.width, self._stream.height) != (width, height):
                raise InvalidInputError(
                    f"the frames change their size from {self._stream.width} x "
                    f"{self._stream.height} to {width} x {height} px; a video has one size"
                )
            ticks = round((time_seconds - self._first_seconds) * TICKS_PER_SECOND)
            self._last_ticks = max(ticks, self._last_ticks + 1)
            rgb = av.VideoFrame.from_ndarray(
                np.ascontiguousarray(image[:height, :width]), format="bgr24"
            )
            frame = rgb.reformat(format="yuv420p", dst_colorspace="ITU709")
            frame.pts = self._last_ticks
            frame.time_base = TIME_BASE
            self._container.mux(self._stream.encode(frame))

    def _open(self, width: int, height: int, time_seconds: float) -> None:
        av = import_av()
        self._container = av.open(str(self._path), "w", format="mp4")
        self._first_seconds = time_seconds
        codec, options = _first_encoder(ENCODERS.get(self._format, ENCODERS[""]))
        stream = self._container.add_stream(codec, rate=self._rate, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.time_base = TIME_BASE
        context.sample_aspect_ratio = self._pixel_aspect
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = LIMITED_RANGE
        self._stream = stream

    def close(self) -> None:
        """Finish the file, if it has frames."""
        if self._container is not None:
            with writing_errors(self._shown):
                self._container.mux(self._stream.encode(None))
                self._container.close()
            self._container = None


def _first_encoder(encoders: Sequence[tuple[str, dict[str, str]]]) -> tuple[str, dict[str, str]]:
    av = import_av()
    for codec, options in encoders:
        if codec in av.codecs_available:
            return codec, options
    names = ", ".join(codec for codec, _ in encoders)
    raise InvalidInputError(f"this PyAV has none of the encoders {names}; pip install -U av")


def join_parts(
    parts: Sequence[tuple[Path, float]],
    target: Path,
    output_format: str,
    *,
    sound_of: str | None = None,
    start_seconds: float = 0.0,
    end_seconds: float | None = None,
    shown: Path | None = None,
) -> None:
    """Write parts one after another to one file, without encoding them again.

    Sound that can be neither copied nor encoded is left out, with a warning.

    Args:
        parts: the files and the time of the first frame of each, in the source's seconds.
        target: the file to write.
        output_format: of the target.
        sound_of: the source whose sound is kept, if it has any.
        start_seconds: the source's time at which the target begins.
        end_seconds: the source's time at which the sound ends.
        shown: what errors name; by default ``target``.

    Raises:
        InvalidInputError: the target cannot be written.
    """
    reason: object = None
    for kind in get_args(SoundKind):
        if sound_of is None:
            break
        sound = partial(
            SoundTracks,
            sound_of,
            output_format=output_format,
            kind=kind,
            start_seconds=start_seconds,
            end_seconds=end_seconds,
        )
        try:
            _join(parts, target, output_format, start_seconds, sound)
        except (import_av().error.FFmpegError, ValueError) as error:
            if getattr(error, "errno", None) == errno.ENOSPC:
                break  # said below
            reason = getattr(error, "strerror", None) or error
        else:
            return
    if reason is not None:
        log.warning("the sound of %s is left out: %s", sound_of, reason)
    with writing_errors(shown or target):
        _join(parts, target, output_format, start_seconds, None)


def _join(
    parts: Sequence[tuple[Path, float]],
    target: Path,
    output_format: str,
    start_seconds: float,
    open_sound: Callable[..., SoundTracks] | None,
) -> None:
    av = import_av()
    with av.open(str(target), "w", format=output_format) as output, ExitStack() as stack:
        with av.open(str(parts[0][0])) as first:
            stream = output.add_stream_from_template(first.streams.video[0])
        sound = None
        if open_sound is not None:
            sound = stack.enter_context(open_sound(output=output))
        for path, first_seconds in parts:
            offset = round((first_seconds - start_seconds) * TICKS_PER_SECOND)
            _copy_pictures(path, offset, stream, output, sound)
        if sound is not None:
            sound.finish()


def _copy_pictures(
    path: Path,
    offset: int,
    stream: Any,  # noqa: ANN401
    output: Any,  # noqa: ANN401
    sound: SoundTracks | None,
) -> None:
    av = import_av()
    with av.open(str(path)) as part:
        source = part.streams.video[0]
        for packet in part.demux(source):
            if packet.dts is None:  # the end
                continue
            scale = source.time_base / TIME_BASE
            packet.pts = round(packet.pts * scale) + offset
            packet.dts = round(packet.dts * scale) + offset
            packet.time_base = TIME_BASE
            if sound is not None:
                sound.copy_until(packet.pts / TICKS_PER_SECOND)
            packet.stream = stream
            output.mux(packet)
