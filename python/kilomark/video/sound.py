"""The sound of a source, copied as it is where the target's format takes it, else encoded."""

from __future__ import annotations

from contextlib import ExitStack
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from kilomark.video.ffmpeg_source import import_av
from kilomark.video.file_clock import FileClock

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["SoundKind", "SoundTracks"]

SoundKind = Literal["copied", "encoded", "stereo"]
"""``"stereo"``: encoded with two channels, because the encoder lacks the source's channels."""

COPIED_SOUND = {
    "mp4": ("aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"),
    "mov": ("aac", "mp3", "ac3", "alac", "pcm_s16le", "pcm_s24le"),
    "matroska": ("aac", "mp3", "ac3", "eac3", "opus", "vorbis", "flac", "pcm_s16le"),
    "webm": ("opus", "vorbis"),
}
"""Codecs that a format holds as they are."""

AUDIO_ENCODERS = {"webm": "libopus", "": "aac"}
USUAL_RATE = 48_000
LARGEST_DRIFT_SECONDS = 0.1
"""Between the samples written and the source's times; more is a gap in the sound."""


class SoundTracks:
    """All tracks of a source's sound, on their way into a target.

    Args:
        path: the source.
        output: PyAV's container of the target, with its pictures' stream.
        output_format: of the target, FFmpeg's name.
        kind: how the sound gets there.
        start_seconds: the source's time at which the target begins.
        end_seconds: the source's time at which the sound ends.
    """

    def __init__(
        self,
        path: str,
        output: Any,  # noqa: ANN401
        output_format: str,
        kind: SoundKind,
        *,
        start_seconds: float = 0.0,
        end_seconds: float | None = None,
    ) -> None:
        av = import_av()
        self._tracks: list[_Track] = []
        with av.open(path) as source:
            numbers = range(len(source.streams.audio))
        with ExitStack() as opened:
            for number in numbers:
                container = opened.enter_context(av.open(path))  # each track reads at its own pace
                track = _Track(container, number, start_seconds, end_seconds)
                track.choose_stream(output, output_format, kind)
                self._tracks.append(track)
            self._opened = opened.pop_all()

    def copy_until(self, seconds: float | None) -> None:
        """Write the sound up to a time of the target; None for all that remains."""
        for track in self._tracks:
            track.copy_until(seconds)

    def finish(self) -> None:
        """Write all that remains."""
        for track in self._tracks:
            track.copy_until(None)
            track.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()


class _Track:
    def __init__(self, container: Any, number: int, start: float, end: float | None) -> None:  # noqa: ANN401
        self._source = container.streams.audio[number]
        video = container.streams.video[0] if container.streams.video else None
        origin = float((video.start_time or 0) * video.time_base) if video else 0.0
        self._begin = origin + start
        self._length = None if end is None else end - start
        if start > 0:
            container.seek(round(self._begin * import_av().time_base))
        self._packets = iter(container.demux(self._source))
        self._waiting: Any = None
        self._encoder: Any = None
        self._last_ticks: int | None = None
        self._clock = FileClock()

    def choose_stream(self, output: Any, output_format: str, kind: SoundKind) -> None:  # noqa: ANN401
        av = import_av()
        self._output = output
        context = self._source.codec_context
        copies = COPIED_SOUND.get(output_format, ())
        if kind == "copied" and context.codec.canonical_name in copies:
            self._stream = output.add_stream_from_template(self._source)
        else:
            codec = av.Codec(AUDIO_ENCODERS.get(output_format, AUDIO_ENCODERS[""]), "w")
            rate = context.sample_rate
            rate = rate if rate in (codec.audio_rates or [rate]) else USUAL_RATE
            layout = "stereo" if kind == "stereo" else _layout_of(context)
            self._stream = output.add_stream(codec.name, rate=rate, layout=layout)
            self._encoder = av.AudioResampler(
                format=self._stream.codec_context.format, layout=layout, rate=rate
            )
        if "language" in self._source.metadata:
            self._stream.metadata["language"] = self._source.metadata["language"]

    def copy_until(self, seconds: float | None) -> None:
        while True:
            packet, time = self._waiting or self._next()
            self._waiting = None
            if packet is None:
                return
            if self._length is not None and time > self._length:
                return
            if seconds is not None and time > seconds:
                self._waiting = packet, time
                return
            if time >= 0:
                self._write(packet, time)

    def _next(self) -> tuple[Any, float]:
        """Return the next packet and its time in the target; None at the end."""
        packet = next(self._packets, None)
        if packet is None or packet.dts is None:
            return None, 0.0
        ticks = packet.dts if packet.pts is None else packet.pts
        step = float((packet.duration or 0) * packet.time_base)
        return packet, self._clock.time(float(ticks * packet.time_base), step) - self._begin

    def _write(self, packet: Any, time: float) -> None:  # noqa: ANN401
        if self._encoder is not None:
            self._encode(packet, time)
            return
        ticks = round(time / packet.time_base)
        if self._last_ticks is not None and ticks <= self._last_ticks:
            return  # twice the same stretch, as in files joined by hand
        self._last_ticks = packet.pts = packet.dts = ticks
        packet.stream = self._stream
        self._output.mux(packet)

    def _encode(self, packet: Any, time: float) -> None:  # noqa: ANN401
        for frame in _decoded(packet):
            frame.pts = None  # the container's ticks may be coarser than a frame is long
            for converted in self._encoder.resample(frame):
                self._mux(converted, time)

    def _mux(self, frame: Any, time: float | None) -> None:  # noqa: ANN401
        """Encode a frame at the end of those before, or at its time after a gap."""
        rate = frame.sample_rate
        ticks = self._last_ticks
        if time is not None and (ticks is None or time - ticks / rate > LARGEST_DRIFT_SECONDS):
            ticks = max(0, round(time * rate))
        frame.pts, frame.time_base = ticks or 0, Fraction(1, rate)
        self._last_ticks = frame.pts + frame.samples
        self._output.mux(self._stream.encode(frame))

    def flush(self) -> None:
        if self._encoder is not None:
            for converted in self._encoder.resample(None):
                self._mux(converted, None)
            self._output.mux(self._stream.encode(None))


def _layout_of(context: Any) -> str:  # noqa: ANN401
    """Name the channels; some files give their number only."""
    name = str(context.layout.name)
    if not name.endswith("channels"):
        return name
    usual = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}
    return usual.get(len(context.layout.channels), "stereo")


def _decoded(packet: Any) -> list[Any]:  # noqa: ANN401
    """Decode a packet; a damaged one costs its own sound only."""
    try:
        return list(packet.decode())
    except import_av().error.InvalidDataError:
        return []
