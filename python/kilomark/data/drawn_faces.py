"""Faces that are none: photos turned into cartoons, and simple drawings."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

__all__ = ["cartoon", "drawn_face"]

Array = np.ndarray[Any, Any]


def cartoon(image: Array, rng: np.random.Generator) -> Array:
    """Flatten a photo (H, W, 3) uint8 RGB to few colors, with strong outlines half of the time."""
    flat = image
    for _ in range(2):
        flat = cv2.bilateralFilter(flat, 7, float(rng.uniform(50, 110)), 7)
    levels = int(rng.integers(3, 6))
    hsv = cv2.cvtColor(flat, cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(1.3, 2.6), 0, 255)
    hsv[..., 2] = np.round(hsv[..., 2] / 255 * levels) * (255 / levels)
    hsv[..., 0] = np.round(hsv[..., 0] / 12) * 12 + (
        rng.uniform(0, 180) if rng.random() < 0.3 else 0
    )
    hsv[..., 0] %= 180
    painted = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB)
    painted = cv2.medianBlur(painted, 5)
    if rng.random() < 0.6:
        gray = cv2.medianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), 5)
        block = int(rng.choice([7, 9, 13]))
        lines = cv2.adaptiveThreshold(
            gray,
            255,
            cv2.ADAPTIVE_THRESH_MEAN_C,
            cv2.THRESH_BINARY,
            block,
            float(rng.uniform(3, 7)),
        )
        painted[lines == 0] = rng.integers(0, 60, 3)
    return np.asarray(painted, np.uint8)


def drawn_face(rng: np.random.Generator, size: int = 128) -> Array:
    """Draw a face of flat shapes: a comic figure, a doll, an emoji."""
    image = np.empty((size, size, 3), np.uint8)
    image[:] = rng.integers(0, 256, 3)
    center = size * rng.uniform(0.46, 0.54, 2)
    half = size * rng.uniform((0.24, 0.28), (0.36, 0.42))
    skin = _skin(rng)
    dark = tuple(int(value) for value in rng.integers(0, 80, 3))
    if rng.random() < 0.7:
        hair = rng.integers(0, 256, 3).tolist()
        _ellipse(image, center - (0, 0.2 * half[1]), half * rng.uniform(1.05, 1.4), hair)
    _ellipse(image, center, half, skin)
    if rng.random() < 0.5:
        _ellipse(image, center, half, dark, thickness=max(1, size // 60))
    eye_y, eye_x = -half[1] * rng.uniform(0.05, 0.35), half[0] * rng.uniform(0.35, 0.5)
    eye = half * rng.uniform(0.12, 0.32, 2)
    for side in (-1, 1):
        at = center + np.array([side * eye_x, eye_y])
        if rng.random() < 0.8:
            _ellipse(image, at, eye, (255, 255, 255))
        _ellipse(image, at, eye * rng.uniform(0.4, 0.8), dark)
        brow = at - (0, eye[1] * rng.uniform(1.2, 1.8))
        _ellipse(image, brow, eye * (1.1, 0.2), dark)
    _ellipse(image, center + half * (0, 0.15), half * (0.1, 0.08), (np.array(skin) * 0.7).tolist())
    mouth = center + half * (0, rng.uniform(0.45, 0.6))
    red = [int(rng.integers(120, 230)), *rng.integers(20, 100, 2).tolist()]
    _ellipse(image, mouth, half * rng.uniform((0.2, 0.04), (0.55, 0.18)), red)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.5)))


def _skin(rng: np.random.Generator) -> list[float]:
    if rng.random() < 0.6:
        base = np.array((240, 200, 170)) * rng.uniform(0.45, 1.05)
        color = np.clip(base + rng.normal(0, 8, 3), 0, 255)
    else:
        color = rng.uniform(60, 255, 3)
    skin: list[float] = color.tolist()
    return skin


def _ellipse(
    image: Array, center: Array, half: Array, color: object, *, thickness: int = -1
) -> None:
    size = np.maximum(np.round(half), 1).astype(int).tolist()
    at = np.round(center).astype(int).tolist()
    cv2.ellipse(image, at, size, 0, 0, 360, color, thickness, cv2.LINE_AA)  # type: ignore[call-overload]
