"""Affine maps between images and network inputs, under the package's one pixel-centre rule.

Pixel i covers [i, i + 1) and its centre is i + 0.5, as in ``cpp/include/kilomark/crop.hpp``.
A map is a (2, 3) float64 matrix that takes points of the image to points of the crop.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

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
    angle = np.deg2rad(angle_deg)
    cos, sin = np.cos(angle), np.sin(angle)
    stretch = np.diag([np.sqrt(aspect) * (-1 if mirror else 1), 1 / np.sqrt(aspect)])
    linear = size / side * stretch @ np.array([[cos, sin], [-sin, cos]])
    return np.column_stack([linear, size / 2 - linear @ np.asarray(center, np.float64)])


def apply_map(affine: Affine, points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Map (..., 2) points."""
    mapped: np.ndarray[Any, Any] = points @ affine[:, :2].T.astype(points.dtype) + affine[
        :, 2
    ].astype(points.dtype)
    return mapped


def warp(
    image: np.ndarray[Any, Any],
    affine: Affine,
    size: tuple[int, int],
    *,
    border: int = cv2.BORDER_CONSTANT,
    colour: tuple[int, int, int] = (0, 0, 0),
) -> np.ndarray[Any, Any]:
    """Resample ``image`` (H, W, C) through ``affine`` to (height, width, C) = ``size``[::-1].

    OpenCV puts pixel centres at whole numbers; the half pixel is taken off on both sides. Where
    the map shrinks the image by more than 1.5, the image is first halved by area averaging, since
    cv2.warpAffine alone would alias. Outside the image, ``border`` as in OpenCV, or ``colour``.
    """
    scale = np.sqrt(abs(np.linalg.det(affine[:, :2])))
    affine = affine.copy()
    while scale < 1 / 1.5 and min(image.shape[:2]) >= 4:
        half = (image.shape[1] // 2, image.shape[0] // 2)
        factor = np.array([image.shape[1] / half[0], image.shape[0] / half[1]])
        image = cv2.resize(image, half, interpolation=cv2.INTER_AREA)
        affine[:, :2] *= factor
        scale *= 2
    centred = affine.copy()
    centred[:, 2] += affine[:, :2] @ (0.5, 0.5) - 0.5
    return cv2.warpAffine(
        image, centred, size, flags=cv2.INTER_LINEAR, borderMode=border, borderValue=colour
    )


def box_of(landmarks: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Box x0, y0, x1, y1 of (..., K, 2) landmarks."""
    return np.concatenate([landmarks.min(-2), landmarks.max(-2)], -1)


def corners_of(box: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The four corners (4, 2) of a box, clockwise in the image."""
    x0, y0, x1, y1 = box
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float64)
