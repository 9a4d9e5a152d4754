"""The pictures that are timed, all made from the demo photo."""

from __future__ import annotations

from importlib.resources import files
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

BgrImage: TypeAlias = npt.NDArray[np.uint8]
Box: TypeAlias = tuple[float, float, float, float]

PHOTO_SIDE = 512
FACE_IN_PHOTO: Box = (178, 84, 271, 177)
"""Brows to chin, ear to ear, in pixels of the photo."""


def demo_photo_path() -> str:
    return str(files("kilomark") / "demo" / "astronaut.jpg")


def frame(width: int, height: int) -> BgrImage:
    """(height, width, 3) BGR: the photo in the middle at full height, its edges drawn out."""
    with Image.open(demo_photo_path()) as photo:
        square = np.asarray(photo.convert("RGB").resize((height, height), Image.Resampling.BOX))
    left = (width - height) // 2
    padded = np.pad(square, ((0, 0), (left, width - height - left), (0, 0)), mode="edge")
    return np.ascontiguousarray(padded[..., ::-1])


def face_box(width: int, height: int) -> Box:
    """Box of the face in `frame` of this size."""
    scale = height / PHOTO_SIDE
    left = (width - height) // 2
    x0, y0, x1, y1 = (value * scale for value in FACE_IN_PHOTO)
    return (x0 + left, y0, x1 + left, y1)
