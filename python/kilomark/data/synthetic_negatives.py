"""What a face detector takes for faces and should not: parts of faces, hands, letters, textures.

No photo of a hand comes with the data set, so hands are drawn, in the colors of a real face.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from kilomark.data.labeled_faces import LabeledFaces

__all__ = ["face_part", "hand", "letters", "make_synthetic_negative", "texture"]

Image = np.ndarray[Any, Any]  # (H, W, 3) uint8 RGB

SYNTHETIC_PX = 96
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789&@"
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX)


def make_synthetic_negative(faces: LabeledFaces, rng: np.random.Generator) -> Image:
    """A part of a face 3 times in 10, a hand 2 times, letters 3 times, a texture 2 times."""
    kind = rng.random()
    if kind < 0.3:
        return face_part(faces, rng)
    if kind < 0.5:
        return hand(faces, rng)
    return letters(rng) if kind < 0.8 else texture(rng)


def face_part(faces: LabeledFaces, rng: np.random.Generator) -> Image:
    """A quarter to two fifths of a face's width: an eye, a mouth, a cheek, filling the image."""
    face = int(rng.integers(len(faces)))
    landmarks, image = faces.landmarks_of(face), faces.image(face)
    low, high = landmarks.min(0), landmarks.max(0)
    side = max(12, int((high - low).max() * rng.uniform(0.25, 0.4)))
    side = min(side, *image.shape[:2])
    x, y = np.clip(rng.uniform(low, high - side), 0, np.array(image.shape[1::-1]) - side).astype(
        int
    )
    return np.ascontiguousarray(image[y : y + side, x : x + side])


def hand(faces: LabeledFaces, rng: np.random.Generator) -> Image:
    """A palm and two to five fingers, shaded, in the color of a cheek, over noise."""
    size = SYNTHETIC_PX
    skin = _skin_color(faces, rng)
    image = np.empty((size, size, 3), np.uint8)
    image[:] = rng.integers(0, 256, 3)
    palm = (size * rng.uniform((0.4, 0.55), (0.6, 0.75))).astype(int)
    radius = size * rng.uniform(0.14, 0.26, 2)
    spread = rng.uniform(0.2, 1.2)
    for finger in np.linspace(-spread, spread, int(rng.integers(2, 6))):
        angle = finger + rng.normal(0, 0.1) - np.pi / 2
        length = radius.mean() + size * rng.uniform(0.15, 0.4)
        tip = palm + length * np.array([np.cos(angle), np.sin(angle)])
        color = np.clip(skin * rng.uniform(0.75, 1.1), 0, 255).tolist()
        thickness = int(size * rng.uniform(0.06, 0.13))
        cv2.line(image, palm.tolist(), tip.astype(int).tolist(), color, thickness)
    outline = (palm.tolist(), (2 * radius).tolist(), rng.uniform(0, 180))
    cv2.ellipse(image, outline, skin.tolist(), -1)
    return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.6, 2.5))


def letters(rng: np.random.Generator) -> Image:
    """One to four letters on a plain ground, as on signs, shirts and screens."""
    size = SYNTHETIC_PX
    image = np.empty((size, size, 3), np.uint8)
    image[:] = rng.integers(0, 256, 3)
    drawn = "".join(rng.choice(list(_LETTERS), int(rng.integers(1, 5))))
    scale, thickness = rng.uniform(1.0, 4.0), int(rng.integers(2, 13))
    font = int(rng.choice(_FONTS))
    (width, height), _ = cv2.getTextSize(drawn, font, scale, thickness)
    origin = ((size - width) // 2, (size + height) // 2)
    color = rng.integers(0, 256, 3).tolist()
    cv2.putText(image, drawn, origin, font, scale, color, thickness, cv2.LINE_AA)
    return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 2.0))


def texture(rng: np.random.Generator) -> Image:
    """Blobs, stripes or rings of two colors: what buttons, fabrics and leaves look like."""
    size = SYNTHETIC_PX
    y, x = np.mgrid[:size, :size].astype(np.float32) / size
    kind = rng.integers(3)
    if kind == 0:
        coarse = rng.standard_normal((int(rng.integers(3, 14)),) * 2).astype(np.float32)
        weight = 0.5 + 0.4 * cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    elif kind == 1:
        angle, waves = rng.uniform(0, np.pi), rng.uniform(2, 14)
        phase = np.cos(angle) * x + np.sin(angle) * y
        weight = 0.5 + 0.5 * np.sin(2 * np.pi * waves * phase)
    else:
        center, waves = rng.uniform(0.3, 0.7, 2), rng.uniform(1, 6)
        distance = np.hypot(x - center[0], (y - center[1]) * rng.uniform(0.6, 1.4))
        weight = 0.5 + 0.5 * np.cos(2 * np.pi * waves * distance)
    first, second = rng.uniform(0, 255, (2, 3))
    blend = first + (second - first) * weight[..., None]
    return np.asarray(np.clip(blend, 0, 255), np.uint8)


def _skin_color(faces: LabeledFaces, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Mean color of the middle of a face, where there is mostly skin."""
    face = int(rng.integers(len(faces)))
    landmarks = faces.landmarks_of(face)
    low, high = landmarks.min(0), landmarks.max(0)
    begin = np.maximum(low + 0.35 * (high - low), 0).astype(int)
    end = (low + 0.65 * (high - low)).astype(int)
    image = faces.image(face)
    middle = image[begin[1] : end[1], begin[0] : end[0]]
    return np.asarray((middle if middle.size else image).mean((0, 1)))
