"""Affine maps between images and network inputs, under the package's one pixel-center rule.

Pixel i covers [i, i + 1) and its center is i + 0.5, as in ``cpp/include/kilomark/crop.hpp``.
A map is a (2, 3) float64 matrix that takes points of the image to points of the crop.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np

__all__ = [
    "ONE_PIXEL_LESS",
    "apply_map",
    "box_of",
    "box_of_image",
    "corners_of",
    "crop_map",
    "warp",
]

Affine = np.ndarray[Any, Any]

# Added to a box of usable pixels: at its very edge resampling mixes in what lies outside.
ONE_PIXEL_LESS = np.array([1, 1, -1, -1])


def crop_map(
    center: np.ndarray[Any, Any],
    side: float,
    size: int,
    *,
    angle_deg: float = 0.0,
    aspect: float = 1.0,
    mirror: bool = False,
) -> Affine:
    """Map a square of the image, ``side`` px wide around ``center``, to a crop ``size`` px wide.

    Args:
        center: (2,) x, y in the image.
        side: length of the square's side in image pixels.
        size: width and height of the crop in pixels.
        angle_deg: a face turned clockwise by this angle in the image stands upright in the crop.
        aspect: how much wider than high the square's content appears.
        mirror: whether the crop is mirrored left to right.
    """
    # Plain numbers: on arrays this small, each call of numpy costs more than the sums.
    x, y = float(center[0]), float(center[1])
    angle, stretch = math.radians(angle_deg), math.sqrt(aspect)
    cos, sin = math.cos(angle), math.sin(angle)
    along_x = size / side * stretch * (-1 if mirror else 1)
    along_y = size / side / stretch
    a, b, c, d = along_x * cos, along_x * sin, -along_y * sin, along_y * cos
    return np.array([[a, b, size / 2 - a * x - b * y], [c, d, size / 2 - c * x - d * y]])


def apply_map(affine: Affine, points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Map (..., 2) points."""
    # Far quicker than a product of matrices, which BLAS has no kernel for at this shape.
    mapped: np.ndarray[Any, Any] = np.reshape(
        cv2.transform(points.reshape(1, -1, 2), affine), points.shape
    )
    return mapped


def warp(
    image: np.ndarray[Any, Any],
    affine: Affine,
    size: tuple[int, int],
    *,
    border: int = cv2.BORDER_CONSTANT,
    color: tuple[int, int, int] = (0, 0, 0),
) -> np.ndarray[Any, Any]:
    """Resample ``image`` (H, W, C) through ``affine`` to (height, width, C) = ``size``[::-1].

    OpenCV puts pixel centers at whole numbers; the half pixel is taken off on both sides. Where
    the map shrinks the image by more than 1.5, the image is first halved by area averaging, since
    cv2.warpAffine alone would alias. Outside the image, ``border`` as in OpenCV, or ``color``.
    """
    scale = math.sqrt(abs(affine[0, 0] * affine[1, 1] - affine[0, 1] * affine[1, 0]))
    affine = affine.copy()
    while scale < 1 / 1.5 and min(image.shape[:2]) >= 4:
        half = (image.shape[1] // 2, image.shape[0] // 2)
        factor = np.array([image.shape[1] / half[0], image.shape[0] / half[1]])
        image = cv2.resize(image, half, interpolation=cv2.INTER_AREA)
        affine[:, :2] *= factor
        scale *= 2
    centered = affine.copy()
    centered[:, 2] += affine[:, :2] @ (0.5, 0.5) - 0.5
    return _warp_centered(image, centered, size, border, color)


def _warp_centered(
    image: np.ndarray[Any, Any],
    affine: Affine,
    size: tuple[int, int],
    border: int,
    color: tuple[int, int, int],
) -> np.ndarray[Any, Any]:
    """cv2.warpAffine, by way of a fourth channel where that is quicker: the pixels are the same.

    OpenCV has vector code for four channels and none for three.
    """
    height, width, channels = image.shape
    detour = channels == 3 and height * width <= 4 * size[0] * size[1]
    source = cv2.cvtColor(image, cv2.COLOR_RGB2RGBA) if detour else image
    warped = cv2.warpAffine(
        source, affine, size, flags=cv2.INTER_LINEAR, borderMode=border, borderValue=color
    )
    return cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB) if detour else warped


def box_of(landmarks: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Box x0, y0, x1, y1 of (..., K, 2) landmarks."""
    # numpy reduces along the last axis many times faster than along the one before.
    coordinates = np.ascontiguousarray(np.swapaxes(landmarks, -1, -2))
    return np.concatenate([coordinates.min(-1), coordinates.max(-1)], -1)


def box_of_image(image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Box (4,) float32 of all of an (H, W, C) image."""
    return np.array([0, 0, image.shape[1], image.shape[0]], np.float32)


def corners_of(box: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The four corners (4, 2) of a box, clockwise in the image."""
    x0, y0, x1, y1 = box
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float64)
