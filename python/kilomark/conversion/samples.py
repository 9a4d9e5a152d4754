"""Images as a network sees them, to check and calibrate conversions on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from kilomark import _core
from kilomark.images import to_pixels
from kilomark.manifest import LandmarkBundle

if TYPE_CHECKING:
    from kilomark.conversion.onnx_run import Images
    from kilomark.manifest import Bundle

__all__ = ["cut_sample", "demo_samples", "face_square", "whole_square"]

DEMO_PHOTO = Path(__file__).parent.parent / "demo" / "astronaut.jpg"
DEMO_FACE_BOX = (175.5, 68.8, 272.0, 177.4)  # x0, y0, x1, y1 of its landmarks, in pixels
NUM_DEMO_SAMPLES = 32

Photo: TypeAlias = npt.NDArray[np.uint8]
Square: TypeAlias = "tuple[tuple[float, float], float]"  # center and side, in pixels


def demo_samples(bundle: Bundle, count: int = NUM_DEMO_SAMPLES, seed: int = 0) -> Images:
    """Return the demo photo as the network of ``bundle`` may see it: moved, turned, relit.

    Returns:
        (count, 3, H, W) float32, normalized; the same for the same seed.
    """
    rng = np.random.default_rng(seed)
    photo = to_pixels(DEMO_PHOTO).array
    center, side = whole_square(photo)
    if isinstance(bundle, LandmarkBundle):
        center, side = face_square(DEMO_FACE_BOX, bundle)
    samples = []
    for _ in range(count):
        x, y = np.array(center) + rng.normal(0, 0.04, 2) * side
        size, angle_deg = side * float(np.exp(rng.normal(0, 0.1))), float(rng.normal(0, 12))
        square = (float(x), float(y)), size
        samples += [cut_sample(bundle, _relit(photo, rng), square, angle_deg)]
    return np.stack(samples)


def face_square(box: tuple[float, float, float, float], bundle: LandmarkBundle) -> Square:
    """Return the square that the network of ``bundle`` sees of a face.

    Args:
        box: x0, y0, x1, y1 of the face's landmarks in pixels.
        bundle: its ``crop_scale`` is the square's side divided by the longer side of the box.
    """
    x0, y0, x1, y1 = box
    return ((x0 + x1) / 2, (y0 + y1) / 2), bundle.crop_scale * max(x1 - x0, y1 - y0)


def whole_square(photo: Photo) -> Square:
    """Return the smallest square around a whole photo, as a face detector sees it."""
    height, width = photo.shape[:2]
    return (width / 2, height / 2), float(max(width, height))


def cut_sample(
    bundle: Bundle, photo: Photo, square: Square, angle_deg: float = 0.0
) -> npt.NDArray[np.float32]:
    """Resample a square of a (H, W, 3) BGR photo as the input of the network of ``bundle``.

    Returns:
        (3, H, W) float32, normalized.
    """
    given = bundle.input
    center, side = square
    return _core.crop(
        photo, "bgr", center=center, side=side, angle_deg=angle_deg,
        size=(given.width, given.height), channel_order=given.channel_order,
        mean=given.mean, std=given.std,
    )  # fmt: skip


def _relit(photo: Photo, rng: np.random.Generator) -> Photo:
    """Vary the contrast, the brightness, the color and the noise, and mirror one in two."""
    gain = np.exp(rng.normal(0, 0.2)) * np.exp(rng.normal(0, 0.08, 3))
    noise: Any = rng.normal(0, rng.uniform(0, 8), photo.shape)
    lit = np.clip(photo * gain + rng.normal(0, 15) + noise, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(lit[:, ::-1] if rng.random() < 0.5 else lit)
