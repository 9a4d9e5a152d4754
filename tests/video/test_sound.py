"""Sound of every common kind gets from the source into the marked video."""

from __future__ import annotations

import logging
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.video.clips import av, sound_seconds, sound_tracks

from kilomark.video import sound, writer
from kilomark.video.writer import PartWriter, join_parts

if TYPE_CHECKING:
    from pathlib import Path

RATE = 48_000
SECONDS = 1.0


@pytest.fixture
def part(tmp_path: Path) -> Path:
    """A second of gray pictures."""
    return write_part(tmp_path / "part.mp4", "mp4")


def write_part(path: Path, output_format: str) -> Path:
    part = PartWriter(path, output_format, 10.0)
    for n in range(10):
        part.add(np.full((32, 32, 3), 90, np.uint8), n / 10)
    part.close()
    return path


def write_sound(path: Path, *tracks: tuple[str, str, int]) -> Path:
    """Write a file of tracks: codec, layout, frequency of its tone."""
    with av.open(str(path), "w") as container:
        streams = [
            container.add_stream(codec, rate=RATE, layout=layout) for codec, layout, _ in tracks
        ]
        for stream, (_, layout, frequency) in zip(streams, tracks, strict=True):
            add_tone(container, stream, layout, frequency)
    return path


def add_tone(container: Any, stream: Any, layout: str, frequency: int) -> None:  # noqa: ANN401
    samples = np.arange(int(SECONDS * RATE), dtype=np.float32)
    tone = np.sin(2 * np.pi * frequency / RATE * samples) * np.float32(0.3)
    to_stream = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=RATE)
    channels = len(av.AudioLayout(layout).channels)
    for first in range(0, len(tone) - 1023, 1024):
        piece = np.tile(tone[first : first + 1024], (channels, 1))
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = RATE, first, Fraction(1, RATE)
        for converted in to_stream.resample(frame):
            container.mux(stream.encode(converted))
    container.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("source", "codec", "layout", "target", "expected"),
    [
        ("a.mkv", "aac", "stereo", "out.mp4", "aac"),
        ("a.mkv", "libopus", "stereo", "out.mp4", "opus"),
        ("a.mkv", "libopus", "stereo", "out.mov", "aac"),
        ("a.avi", "libmp3lame", "stereo", "out.mp4", "mp3"),  # ticks as long as a frame
        ("a.avi", "libmp3lame", "stereo", "out.mkv", "mp3"),
        ("a.avi", "pcm_s16le", "mono", "out.mp4", "aac"),
        ("a.mkv", "pcm_s16le", "5.1", "out.mp4", "aac"),
        ("a.mov", "pcm_f32le", "mono", "out.mov", "aac"),
        ("a.mp4", "aac", "5.1", "out.webm", "opus"),
    ],
)
def test_sound_keeps_its_channels_its_length_and_its_tone(
    tmp_path: Path, source: str, codec: str, layout: str, target: str, expected: str
) -> None:
    film = write_sound(tmp_path / source, (codec, layout, 440))
    output_format = writer.check_output_suffix(tmp_path / target)
    part = write_part(tmp_path / "part.mp4", output_format)
    join_parts([(part, 0.0)], tmp_path / target, output_format, sound_of=str(film))
    ((name, channels, frequency),) = sound_tracks(tmp_path / target)
    assert (name, channels) == (expected, len(av.AudioLayout(layout).channels))
    assert frequency == pytest.approx(440, abs=3)
    assert sound_seconds(tmp_path / target) == pytest.approx(SECONDS, abs=0.1)


def test_all_tracks_are_kept(tmp_path: Path, part: Path) -> None:
    film = write_sound(tmp_path / "a.mkv", ("aac", "stereo", 440), ("libopus", "mono", 880))
    join_parts([(part, 0.0)], tmp_path / "out.mp4", "mp4", sound_of=str(film))
    assert [round(frequency, -1) for *_, frequency in sound_tracks(tmp_path / "out.mp4")] == [
        440,
        880,
    ]


def test_all_files_are_closed_if_a_later_track_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_sound(tmp_path / "a.mkv", ("aac", "mono", 440), ("aac", "mono", 880))
    opened = []

    class LastTrackFails(sound._Track):
        def __init__(self, container: Any, number: int, *times: Any) -> None:  # noqa: ANN401
            opened.append(container)
            if number == 1:
                raise av.error.ArgumentError(22, "Invalid argument")
            super().__init__(container, number, *times)

    monkeypatch.setattr(sound, "_Track", LastTrackFails)
    with (
        av.open(str(tmp_path / "out.mp4"), "w") as target,
        pytest.raises(av.error.ArgumentError, match="Invalid argument"),
    ):
        sound.SoundTracks(str(path), target, "mp4", "copied")

    assert len(opened) == 2
    for container in opened:
        with pytest.raises(AssertionError, match="not open"):
            container.seek(0)


def test_sound_begins_at_the_start(tmp_path: Path, part: Path) -> None:
    film = write_sound(tmp_path / "a.mkv", ("pcm_s16le", "mono", 440))
    target = tmp_path / "out.mp4"
    join_parts([(part, 0.6)], target, "mp4", sound_of=str(film), start_seconds=0.6)
    assert sound_seconds(target) == pytest.approx(SECONDS - 0.6, abs=0.1)


def test_sound_that_no_encoder_takes_is_left_out_with_a_warning(
    tmp_path: Path, part: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise av.error.ArgumentError(22, "Invalid argument")

    monkeypatch.setattr(writer, "SoundTracks", refuse)
    with caplog.at_level(logging.WARNING, "kilomark"):
        join_parts([(part, 0.0)], tmp_path / "out.mp4", "mp4", sound_of="film.mkv")
    assert "the sound of film.mkv is left out: Invalid argument" in caplog.text
    assert sound_tracks(tmp_path / "out.mp4") == []
