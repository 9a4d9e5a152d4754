"""Encoding of frames, and joining of encoded parts with the source's sound."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.video.ffmpeg_source import import_av

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt

__all__ = ["VIDEO_SUFFIXES", "PartWriter", "check_output_suffix", "join_parts"]

log = logging.getLogger(__name__)

TICKS_PER_SECOND = 90_000
TIME_BASE = Fraction(1, TICKS_PER_SECOND)

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
AUDIO_ENCODERS = {"webm": "libopus", "": "aac"}


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
    """

    def __init__(self, path: Path, output_format: str, frames_per_second: float | None) -> None:
        self._path = path
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
        with writing_errors(self._path):
            if self._container is None:
                self._open(width, height, time_seconds)
            elif (self._stream.width, self._stream.height) != (width, height):
                raise InvalidInputError(
                    f"the frames change their size from {self._stream.width} x "
                    f"{self._stream.height} to {width} x {height} px; a video has one size"
                )
            ticks = round((time_seconds - self._first_seconds) * TICKS_PER_SECOND)
            self._last_ticks = max(ticks, self._last_ticks + 1)
            frame = av.VideoFrame.from_ndarray(
                np.ascontiguousarray(image[:height, :width]), format="bgr24"
            )
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
        stream.codec_context.time_base = TIME_BASE
        self._stream = stream

    def close(self) -> None:
        """Finish the file, if it has frames."""
        if self._container is not None:
            with writing_errors(self._path):
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
) -> None:
    """Write parts one after another to one file, without encoding them again.

    Args:
        parts: the files and the time of the first frame of each, in the source's seconds.
        target: the file to write.
        output_format: of the target.
        sound_of: the source whose sound is kept, if it has any.
        start_seconds: the source's time at which the target begins.
        end_seconds: the source's time at which the sound ends.
    """
    av = import_av()
    with writing_errors(target), av.open(str(target), "w", format=output_format) as output:
        sound = None
        with av.open(str(parts[0][0])) as first:
            stream = output.add_stream_from_template(first.streams.video[0])
        if sound_of is not None:
            sound = _Sound.open(sound_of, output, output_format, start_seconds, end_seconds)
        for path, first_seconds in parts:
            offset = round((first_seconds - start_seconds) * TICKS_PER_SECOND)
            _copy_pictures(path, offset, stream, output, sound)
        if sound is not None:
            sound.copy_until(None)
            sound.close()


def _copy_pictures(
    path: Path,
    offset: int,
    stream: Any,  # noqa: ANN401
    output: Any,  # noqa: ANN401
    sound: _Sound | None,
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


class _Sound:
    """The sound of a source, copied as it is where the target's format takes it, else encoded."""

    def __init__(self, container: Any, output: Any, start: float, end: float | None) -> None:  # noqa: ANN401
        self._container = container
        self._output = output
        self._start = start
        self._end = end
        self._source = container.streams.audio[0]
        self._origin = float(
            (container.streams.video[0].start_time or 0) * container.streams.video[0].time_base
            if container.streams.video
            else 0
        )
        self._packets = iter(container.demux(self._source))
        self._waiting: Any = None
        self._encoder: Any = None
        self._stream: Any = None

    @classmethod
    def open(
        cls,
        path: str,
        output: Any,  # noqa: ANN401
        output_format: str,
        start: float,
        end: float | None,
    ) -> _Sound | None:
        """Open the sound of a source; None if it has none."""
        av = import_av()
        container = av.open(path)
        if not container.streams.audio:
            container.close()
            return None
        sound = cls(container, output, start, end)
        sound._choose_stream(output_format)
        if start > 0:
            container.seek(round((start + sound._origin) * av.time_base))
            sound._packets = iter(container.demux(sound._source))
        return sound

    def _choose_stream(self, output_format: str) -> None:
        av = import_av()
        name = self._source.codec_context.name
        if name in COPIED_SOUND.get(output_format, ()):
            self._stream = self._output.add_stream_from_template(self._source)
            return
        codec = AUDIO_ENCODERS.get(output_format, AUDIO_ENCODERS[""])
        rate = 48_000 if codec == "libopus" else self._source.codec_context.sample_rate
        self._stream = self._output.add_stream(codec, rate=rate)
        self._encoder = av.AudioResampler(
            format=self._stream.codec_context.format,
            layout=self._source.codec_context.layout.name,
            rate=rate,
        )

    def copy_until(self, seconds: float | None) -> None:
        """Write the sound up to a time of the target; None for all that remains."""
        while True:
            packet = self._waiting or next(self._packets, None)
            self._waiting = None
            if packet is None or packet.dts is None:
                return
            time = float(packet.pts * packet.time_base) - self._origin - self._start
            if self._end is not None and time > self._end - self._start:
                return
            if seconds is not None and time > seconds:
                self._waiting = packet
                return
            if time >= 0:
                self._write(packet)

    def _write(self, packet: Any) -> None:  # noqa: ANN401
        if self._encoder is None:
            shift = round((self._origin + self._start) / packet.time_base)
            packet.pts -= shift
            packet.dts -= shift
            packet.stream = self._stream
            self._output.mux(packet)
            return
        for frame in packet.decode():
            frame.pts = (
                None
                if frame.time is None
                else round((frame.time - self._origin - self._start) / frame.time_base)
            )
            for converted in self._encoder.resample(frame):
                self._output.mux(self._stream.encode(converted))

    def close(self) -> None:
        """Write what the encoder still holds."""
        if self._encoder is not None:
            for converted in self._encoder.resample(None):
                self._output.mux(self._stream.encode(converted))
            self._output.mux(self._stream.encode(None))
        self._container.close()


COPIED_SOUND = {
    "mp4": ("aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"),
    "mov": ("aac", "mp3", "ac3", "alac", "pcm_s16le", "pcm_s24le"),
    "matroska": ("aac", "mp3", "ac3", "eac3", "opus", "vorbis", "flac", "pcm_s16le"),
    "webm": ("opus", "vorbis"),
}
"""Codecs that a format holds as they are."""
