"""Random changes of light, colour and sharpness, and random fill outside the photo."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

Image = np.ndarray[Any, Any]  # (H, W, 3) uint8 RGB

_GREY_WEIGHTS = np.array([[0.299, 0.587, 0.114]] * 3, np.float32)
_MEAN_COLOUR = (124, 116, 104)  # what the runtime puts outside the image


def degrade(image: Image, rng: np.random.Generator) -> Image:
    """Change gain, offset, tint, sharpness, noise and colour as cameras and codecs do."""
    if rng.random() < 0.35:
        image = _soften(image, rng)
    if rng.random() < 0.2:
        image = cv2.transform(image, _GREY_WEIGHTS)
    if rng.random() < 0.25:
        image = _recompress(image, int(rng.integers(15, 80)))
    gain = np.exp(rng.normal(0, 0.25)) * np.exp(rng.normal(0, 0.06, 3))
    offset = rng.normal(0, 18) + rng.normal(0, 5, 3)
    pixels = image.astype(np.float32)
    average = pixels.mean((0, 1))
    pixels = (pixels - average) * np.float32(np.exp(rng.normal(0, 0.2)))
    pixels = (pixels + average) * gain.astype(np.float32) + offset.astype(np.float32)
    if rng.random() < 0.3:
        sigma = rng.uniform(1, 12)
        noise = rng.standard_normal((*pixels.shape[:2], 1), np.float32)
        pixels += np.float32(sigma) * noise
    return np.asarray(np.clip(pixels, 0, 255), np.uint8)


def _soften(image: Image, rng: np.random.Generator) -> Image:
    """Blur, or sample down and up again."""
    height, width = image.shape[:2]
    if rng.random() < 0.5:
        blurred: Image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 2.0) * width / 128)
        return blurred
    factor = rng.uniform(0.25, 0.8)
    small = (max(8, int(width * factor)), max(8, int(height * factor)))
    reduced = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    return cv2.resize(reduced, (width, height), interpolation=cv2.INTER_LINEAR)


def _recompress(image: Image, quality: int) -> Image:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None  # it was encoded just now
    return decoded


def fill_outside(
    image: Image, polygon: np.ndarray[Any, Any], background: Image | None, rng: np.random.Generator
) -> Image:
    """Replace what lies outside ``polygon`` (M, 2), so that no network learns a border.

    Half of the fills are the mean colour, which is what the runtime shows outside an image;
    the rest are a random colour, noise, or ``background`` where one is given.
    """
    mask = np.zeros(image.shape[:2], np.uint8)
    # fillConvexPoly takes pixel centres at whole numbers, here in 1/16 px.
    corners = np.round((polygon - 0.5) * 16).astype(np.int32)
    cv2.fillConvexPoly(mask, corners, 1, shift=4)
    if mask.all():
        return image
    kind = rng.random()
    if kind < 0.5:
        fill = np.full_like(image, _MEAN_COLOUR)
    elif kind < 0.65:
        fill = np.full_like(image, rng.integers(0, 256, 3))
    elif kind < 0.75 or background is None:
        fill = rng.integers(0, 256, image.shape, np.uint8)
    else:
        fill = cv2.resize(background, image.shape[1::-1], interpolation=cv2.INTER_AREA)
    return np.where(mask[..., None] == 1, image, fill)


def cover_rectangle(image: Image, rng: np.random.Generator) -> Image:
    """Hide a random rectangle behind a colour or noise, as a hand or a cup would."""
    height, width = image.shape[:2]
    size = (rng.uniform(0.1, 0.45, 2) * (height, width)).astype(int)
    top, left = (rng.random(2) * ((height, width) - size)).astype(int)
    image = image.copy()
    patch = image[top : top + size[0], left : left + size[1]]
    patch[:] = (
        rng.integers(0, 256, 3)
        if rng.random() < 0.6
        else rng.integers(0, 256, patch.shape, np.uint8)
    )
    return image
