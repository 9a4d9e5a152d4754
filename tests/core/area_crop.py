"""The oracle of the crop: slow, in float64, and as close to the words of resample.hpp as can be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from kilomark import _core

Doubles: TypeAlias = npt.NDArray[np.float64]
Pixels: TypeAlias = npt.NDArray[np.uint8]

MEAN = (120.0, 110.0, 100.0)
STD = (50.0, 60.0, 70.0)
"""Of the network's channels, red first."""

RGB_OF = {
    "gray": (0, 0, 0),
    "bgr": (2, 1, 0),
    "bgra": (2, 1, 0),
    "rgb": (0, 1, 2),
    "rgba": (0, 1, 2),
}
"""Where an image of each format has red, green and blue."""
CHANNELS = {"gray": 1, "bgr": 3, "rgb": 3, "bgra": 4, "rgba": 4}


@dataclass(frozen=True, slots=True)
class Square:
    """What is cropped: a turned square of an image, and the size of the network's input."""

    center: tuple[float, float]
    side: float
    angle_deg: float = 0.0
    size: tuple[int, int] = (12, 12)
    """Width and height; the longer one is as long as the square."""

    @property
    def scale(self) -> float:
        """Image pixels per input pixel."""
        return self.side / max(self.size)

    def to_image(self, u: npt.ArrayLike, v: npt.ArrayLike) -> Doubles:
        """Where the places (u, v) of the input are in the image, (2, ...)."""
        turn = math.radians(self.angle_deg)
        du = self.scale * (np.asarray(u, np.float64) - self.size[0] / 2)
        dv = self.scale * (np.asarray(v, np.float64) - self.size[1] / 2)
        x = self.center[0] + math.cos(turn) * du - math.sin(turn) * dv
        y = self.center[1] + math.sin(turn) * du + math.cos(turn) * dv
        return np.stack([x, y])


def area_crop(image: Pixels, image_format: str, square: Square) -> Doubles:
    """The crop as resample.hpp defines it, (3, H, W), red first, normalized with MEAN and STD."""
    width, height = square.size
    block = max(1, math.ceil(square.scale / 2))
    cells = _reduce(_normalize(image, image_format), block)
    side = max(1.0, square.scale / block)  # of the square that is averaged, in cells
    v, u = np.mgrid[:height, :width] + 0.5
    x, y = square.to_image(u.ravel(), v.ravel()) / block
    across = _overlaps(x, side, cells.shape[2])
    down = _overlaps(y, side, cells.shape[1])
    sums = np.einsum("py,cyx,px->cp", down, cells, across, optimize=True)
    return (sums / side**2).reshape(3, height, width)


def _normalize(image: Pixels, image_format: str) -> Doubles:
    pixels = image[..., None] if image.ndim == 2 else image
    rgb = pixels[..., RGB_OF[image_format]].astype(np.float64)
    return ((rgb - MEAN) / STD).transpose(2, 0, 1)


def _reduce(planes: Doubles, block: int) -> Doubles:
    """Means of blocks of whole pixels; what hangs over the edge has the mean color, which is 0."""
    channels, height, width = planes.shape
    rows, columns = -(-height // block), -(-width // block)
    padded = np.zeros((channels, rows * block, columns * block))
    padded[:, :height, :width] = planes
    return padded.reshape(channels, rows, block, columns, block).mean(axis=(2, 4))


def _overlaps(middles: Doubles, side: float, count: int) -> Doubles:
    """(places, count): how much of each cell [i, i + 1) lies within side / 2 of each middle."""
    cells = np.arange(count)
    begin = np.maximum(middles[:, None] - side / 2, cells)
    end = np.minimum(middles[:, None] + side / 2, cells + 1)
    return np.maximum(end - begin, 0.0)


def core_crop(
    image: npt.NDArray[Any], image_format: str, square: Square
) -> npt.NDArray[np.float32]:
    """The crop as the core makes it."""
    return _core.crop(
        image,
        image_format,
        center=square.center,
        side=square.side,
        angle_deg=square.angle_deg,
        size=square.size,
        mean=MEAN,
        std=STD,
    )


def noise(height: int, width: int, channels: int, seed: int = 0) -> Pixels:
    """Pixels without any order; gray ones have no third axis."""
    shape = (height, width) if channels == 1 else (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
