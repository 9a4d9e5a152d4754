"""Small clips for tests, made with PyAV: the demo photo, moved, with a tone for sound."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

import kilomark

av = pytest.importorskip("av", reason="needs the video extra: pip install '.[video]'")

DEMO_PHOTO = Path(kilomark.__file__).parent / "demo" / "astronaut.jpg"
SIZE = (320, 240)
RATE = 30
SOUND_RATE = 44_100
SOUND_FRAME = 1024


def moved_photo(shift_px: int, size: tuple[int, int] = SIZE) -> npt.NDArray[np.uint8]:
    """Return a frame (H, W, 3) RGB with the face in it, moved to the right."""
    photo = Image.open(DEMO_PHOTO).convert("RGB")
    left = 60 - shift_px
    part = photo.crop((left, 0, left + size[0], size[1]))
    return np.asarray(part)


def make_clip(
    path: Path,
    *,
    num_frames: int = 30,
    sound: bool = True,
    size: tuple[int, int] = SIZE,
    step_px: float = 1.0,
) -> Path:
    """Write a clip in which the face moves to the right."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        audio = container.add_stream("aac", rate=SOUND_RATE) if sound else None
        for n in range(num_frames):
            picture = moved_photo(round(step_px * n), size)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = n, Fraction(1, RATE)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None:
            _add_tone(container, audio, num_frames / RATE)
    return path


def _add_tone(
    container: av.container.OutputContainer, stream: av.AudioStream, seconds: float
) -> None:
    samples = np.arange(int(seconds * SOUND_RATE), dtype=np.float32)
    tone = np.sin(2 * np.pi * 440 / SOUND_RATE * samples) * np.float32(0.3)
    for first in range(0, len(tone) - SOUND_FRAME, SOUND_FRAME):
        piece = np.ascontiguousarray(tone[None, first : first + SOUND_FRAME])
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = SOUND_RATE, first
        frame.time_base = Fraction(1, SOUND_RATE)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def read_times(path: Path) -> list[float]:
    """Return the times of a video's frames."""
    with av.open(str(path)) as container:
        return [float(frame.time) for frame in container.decode(video=0)]


def sound_seconds(path: Path) -> float:
    """Return how long a video's sound is; 0 without sound."""
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return 0.0
        return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))


def sound_tracks(path: Path) -> list[tuple[str, int, float]]:
    """Return the codec, the number of channels and the loudest frequency of each track."""
    tracks = []
    with av.open(str(path)) as container:
        count = len(container.streams.audio)
    for number in range(count):
        with av.open(str(path)) as container:
            stream = container.streams.audio[number]
            to_mono = av.AudioResampler(format="flt", layout="mono")
            frames = [to_mono.resample(frame) for frame in container.decode(stream)]
            samples = np.concatenate([one.to_ndarray()[0] for many in frames for one in many])
            loudest = np.abs(np.fft.rfft(samples)).argmax() / len(samples)
            context = stream.codec_context
            tracks.append(
                (
                    context.codec.canonical_name,
                    len(context.layout.channels),
                    float(loudest * context.sample_rate),
                )
            )
    return tracks
