"""Random changes of light, color and sharpness, and random fill outside the photo."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from kilomark.network_inputs import MEAN_COLOR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["cover_rectangle", "degrade", "dim", "fill_outside", "see_from_afar"]

Image = np.ndarray[Any, Any]  # (H, W, 3) uint8 RGB

_FAR_PX = (15, 62)
_DIM_SHARE = 0.3  # of the far faces


def degrade(
    image: Image, rng: np.random.Generator, *, softness: float = 1.0, gray_share: float = 0.2
) -> Image:
    """Change gain, offset, tint, sharpness, noise and color as cameras and codecs do.

    ``softness`` scales how far an image is blurred or sampled down: 1 suits a face that fills it.
    ``gray_share`` of the images lose their color.
    """
    if rng.random() < 0.35:
        image = _soften(image, rng, softness)
    if rng.random() < gray_share:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    if rng.random() < 0.25:
        image = _recompress(image, int(rng.integers(15, 80)))
    change = _light(image, rng)
    if rng.random() < 0.3:
        return _add_noise(image, change, rng)
    lit: Image = cv2.transform(image, change)
    return lit


def _light(image: Image, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Contrast around the image's average color, then gain, tint and offset: (3, 4) float64.

    One linear map of colors does it all, and rounds and clips once.
    """
    gain, contrast = math.exp(rng.normal(0, 0.25)), math.exp(rng.normal(0, 0.2))
    offset = rng.normal(0, 18)
    change = np.zeros((3, 4))
    for channel, average in enumerate(cv2.mean(image)[:3]):
        tinted = gain * math.exp(rng.normal(0, 0.06))
        change[channel, channel] = tinted * contrast
        change[channel, 3] = tinted * (1 - contrast) * average + offset + rng.normal(0, 5)
    return change


def _add_noise(image: Image, change: np.ndarray[Any, Any], rng: np.random.Generator) -> Image:
    """Change the light and add normal noise, the same to all channels, before anything clips."""
    height, width = image.shape[:2]
    table = _noise_table(1 << (4 * height * width).bit_length())
    begin = int(rng.integers(len(table) - height * width))
    noise = table[begin : begin + height * width].reshape(height, width)
    noise = cv2.cvtColor(noise * np.float32(rng.uniform(1, 12)), cv2.COLOR_GRAY2RGB)
    lit = cv2.transform(image.astype(np.float32), change)
    noisy: Image = cv2.add(lit, noise, dtype=cv2.CV_8U)
    return noisy


@lru_cache(maxsize=4)
def _noise_table(length: int) -> np.ndarray[Any, Any]:
    """Standard normal numbers to cut noise from, where drawing them would cost the most."""
    return np.random.default_rng(length).standard_normal(length, np.float32)


def _soften(image: Image, rng: np.random.Generator, softness: float) -> Image:
    """Blur, or sample down and up again."""
    height, width = image.shape[:2]
    if rng.random() < 0.5:
        sigma = rng.uniform(0.4, 2.0) * softness * width / 128
        kernel = cv2.getGaussianKernel(2 * round(3 * sigma) + 1, sigma)
        blurred: Image = cv2.sepFilter2D(image, -1, kernel, kernel)  # twice as fast as GaussianBlur
        return blurred
    factor = 1 - softness * (1 - rng.uniform(0.25, 0.8))
    small = (max(8, int(width * factor)), max(8, int(height * factor)))
    reduced = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    return cv2.resize(reduced, (width, height), interpolation=cv2.INTER_LINEAR)


def dim(image: Image, rng: np.random.Generator) -> Image:
    """Leave a sixth to a half of the brightness, and the noise of a short exposure."""
    noise = rng.standard_normal(image.shape[:2], np.float32)[..., None] * rng.uniform(0.5, 5)
    dark = image * np.float32(np.exp(rng.uniform(np.log(1 / 6), np.log(1 / 2)))) + noise
    return np.asarray(np.clip(dark, 0, 255), np.uint8)


def see_from_afar(image: Image, rng: np.random.Generator) -> Image:
    """Leave a square image no more pixels than a crop of a face of 12 to 50 px has, some dim."""
    far_px = round(math.exp(rng.uniform(*np.log(_FAR_PX))))
    reduced = cv2.resize(image, (far_px, far_px), interpolation=cv2.INTER_AREA)
    if rng.random() < _DIM_SHARE:
        reduced = dim(reduced, rng)
    return cv2.resize(reduced, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def _recompress(image: Image, quality: int) -> Image:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None  # it was encoded just now
    return decoded


def fill_outside(
    image: Image,
    polygon: np.ndarray[Any, Any],
    draw_background: Callable[[], Image] | None,
    rng: np.random.Generator,
) -> Image:
    """Replace what lies outside ``polygon`` (M, 2), so that no network learns a border.

    Half of the fills are the mean color, which is what the runtime shows outside an image; the
    rest are a random color, noise, or what ``draw_background`` gives, an image of the same shape.
    """
    mask = np.zeros(image.shape[:2], np.uint8)
    # fillConvexPoly takes pixel centers at whole numbers, here in 1/16 px.
    corners = np.round((polygon - 0.5) * 16).astype(np.int32)
    cv2.fillConvexPoly(mask, corners, 1, shift=4)
    if cv2.countNonZero(mask) == mask.size:
        return image
    kind = rng.random()
    if kind < 0.5:
        fill = _plain(image.shape, MEAN_COLOR)
    elif kind < 0.65:
        fill = _plain(image.shape, rng.integers(0, 256, 3).tolist())
    elif kind < 0.75 or draw_background is None:
        fill = rng.integers(0, 256, image.shape, np.uint8)
    else:
        fill = draw_background()
    filled: Image = cv2.copyTo(image, mask, fill)
    return filled


def _plain(shape: tuple[int, ...], color: Sequence[int]) -> Image:
    plain: Image = cv2.rectangle(
        np.empty(shape, np.uint8), (0, 0), (shape[1], shape[0]), color, cv2.FILLED
    )
    return plain


def cover_rectangle(image: Image, rng: np.random.Generator) -> Image:
    """Hide a random rectangle behind a color or noise, as a hand or a cup would."""
    height, width = image.shape[:2]
    size = np.maximum((rng.uniform(0.1, 0.45, 2) * (height, width)).astype(int), 1)
    top, left = (rng.random(2) * ((height, width) - size)).astype(int)
    image = image.copy()
    patch = image[top : top + size[0], left : left + size[1]]
    patch[:] = (
        _plain(patch.shape, rng.integers(0, 256, 3).tolist())
        if rng.random() < 0.6
        else rng.integers(0, 256, patch.shape, np.uint8)
    )
    return image
