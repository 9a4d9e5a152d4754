"""Clips of known motion, made of one photo.

Every frame is the photo under a known similarity map, 640 x 480 px, with the outer eye corners 90
px apart, sensor noise of sigma 4 and JPEG at quality 80.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["EYE_DISTANCE_PX", "FPS", "NUM_FRAMES", "Clip", "Photo", "motion_clips", "render"]

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

SIZE = (640, 480)
FPS = 30
NUM_FRAMES = 90
EYE_DISTANCE_PX = 90.0
FACE_AT = (0.5, 0.45)
"""Of the frame: where the middle of the eyes is when nothing moves."""
NOISE_SIGMA = 4.0
JPEG_QUALITY = 80


@dataclass(frozen=True)
class Photo:
    """A photo of one face."""

    name: str
    image: Image
    """(H, W, 3) BGR."""
    eyes: Floats
    """(2, 2) the outer corners of the eye on the left and of that on the right of the photo."""


@dataclass(frozen=True)
class Clip:
    """A clip and what is true of it."""

    name: str
    jpegs: list[bytes]
    timestamps: list[float]
    maps: list[Floats] | None = None
    """(2, 3) photo to frame; None if a single map does not describe the frame."""
    facts: dict[str, list[float]] = field(default_factory=dict)
    """More that is true of each frame, by name."""

    def frames(self) -> Iterator[Image]:
        """Decode the frames."""
        for jpeg in self.jpegs:
            yield decode(jpeg)


def decode(jpeg: bytes) -> Image:
    """Decode one frame to (H, W, 3) BGR."""
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


@dataclass(frozen=True)
class Motion:
    """Where the face is in each frame, (N,) each."""

    dx: Floats
    """Shift to the right, in distances of the outer eye corners."""
    dy: Floats
    scale: Floats
    degrees: Floats


def motions(num_frames: int = NUM_FRAMES) -> dict[str, Motion]:
    """Return the motions by name."""
    n = np.arange(num_frames)
    zero, one = np.zeros(num_frames), np.ones(num_frames)
    slow = 2 * np.pi * n / 45
    shake = _shake(num_frames, amplitude=0.02)
    return {
        "rest": Motion(zero, zero, one, zero),
        "pan 0.1 px": Motion(0.1 / 90 * (n - 45), 0.037 / 90 * (n - 45), one, zero),
        "pan 3 px": Motion(2.7 / 90 * (n - 45), 1.3 / 90 * (n - 45), one, zero),
        "sway 0.67 Hz": Motion(0.5 * np.sin(slow), 0.15 * np.cos(slow), one, zero),
        "fast sway 2 Hz": Motion(0.7 * np.sin(3 * slow), zero, one, zero),
        "zoom 0.6 to 1.4": Motion(zero, zero, 1 + 0.4 * np.sin(slow), zero),
        "roll 25 degrees": Motion(zero, zero, one, 25 * np.sin(slow)),
        "shake 3 to 8 Hz": Motion(shake[0], shake[1], one, zero),
        "jump": Motion(np.where(n < 45, 0.0, 0.5), zero, one, zero),
    }


def _shake(num_frames: int, amplitude: float) -> Floats:
    """Return (2, N): six sines of 3 to 8 Hz along each axis."""
    random = np.random.default_rng(7)
    seconds = np.arange(num_frames) / FPS
    out = np.zeros((2, num_frames))
    for axis in range(2):
        for frequency in random.uniform(3, 8, 6):
            phase = random.uniform(0, 2 * np.pi)
            out[axis] += np.sin(2 * np.pi * frequency * seconds + phase) / np.sqrt(6)
    return amplitude * out


def map_of(photo: Photo, dx: float, dy: float, scale: float, degrees: float) -> Floats:
    """Return the (2, 3) map from the photo to the frame."""
    middle = photo.eyes.mean(axis=0)
    size = EYE_DISTANCE_PX / np.linalg.norm(photo.eyes[1] - photo.eyes[0]) * scale
    angle = np.deg2rad(degrees)
    linear = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    target = np.array(SIZE) * FACE_AT + EYE_DISTANCE_PX * np.array([dx, dy])
    return np.column_stack([linear, target - linear @ middle])


def warp(image: Image, to_frame: Floats) -> npt.NDArray[np.float32]:
    """Return the frame (H, W, C) without noise; reduced by areas first, so that nothing aliases.

    A map speaks of pixel centers at whole numbers, as OpenCV does.
    """
    scale = float(np.sqrt(np.linalg.det(to_frame[:, :2])))
    work = to_frame.copy()
    while scale < 0.6:
        height, width = image.shape[:2]
        halves = (width // 2, height // 2)
        image = np.asarray(cv2.resize(image, halves, interpolation=cv2.INTER_AREA))
        factor = np.array([width / halves[0], height / halves[1]])
        work = np.column_stack(
            [work[:, :2] * factor, work[:, 2] + work[:, :2] @ ((factor - 1) / 2)]
        )
        scale *= factor[0]
    return cv2.warpAffine(
        image.astype(np.float32), work, SIZE, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )


def encode(frame: npt.NDArray[np.float32], random: np.random.Generator) -> bytes:
    """Add sensor noise and compress."""
    noisy = frame + random.normal(0, NOISE_SIGMA, frame.shape)
    encoded = cv2.imencode(
        ".jpg", np.clip(noisy, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )[1]
    return encoded.tobytes()


def render(
    name: str,
    photo: Photo,
    motion: Motion,
    *,
    seed: int,
    change: Callable[[int], Image] | None = None,
    timestamps: list[float] | None = None,
) -> Clip:
    """Render a clip; ``change`` gives the photo of each frame, if it is not the same in all."""
    random = np.random.default_rng(seed)
    count = len(motion.dx)
    maps, jpegs = [], []
    for n in range(count):
        maps.append(map_of(photo, motion.dx[n], motion.dy[n], motion.scale[n], motion.degrees[n]))
        jpegs.append(encode(warp(change(n) if change else photo.image, maps[-1]), random))
    return Clip(name, jpegs, timestamps or [n / FPS for n in range(count)], maps)


def dropped(clip: Clip, seed: int = 3) -> Clip:
    """Leave out a third of the frames, at random; the others keep their times."""
    random = np.random.default_rng(seed)
    kept = [n for n in range(len(clip.jpegs)) if n == 0 or random.uniform() > 1 / 3]
    maps = clip.maps or []
    return Clip(
        f"{clip.name}, dropped frames",
        [clip.jpegs[n] for n in kept],
        [clip.timestamps[n] for n in kept],
        [maps[n] for n in kept],
    )


def motion_clips(photo: Photo, only: list[str] | None = None) -> Iterator[Clip]:
    """Render the motions of one photo, one after another."""
    for seed, (name, motion) in enumerate(motions().items()):
        if only is None or name in only:
            yield render(name, photo, motion, seed=seed)
    if only is None or "dropped" in only:
        yield dropped(render("sway 0.67 Hz", photo, motions()["sway 0.67 Hz"], seed=20))
