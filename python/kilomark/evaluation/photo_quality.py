"""What the pixels of labeled faces say of light, color, skin and sharpness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from kilomark.data.geometry import box_of, crop_map, warp

if TYPE_CHECKING:
    from kilomark.data.face_crops import FaceCrops

__all__ = [
    "DARK_FACE_LIGHTNESS",
    "DARK_SKIN_ITA_DEG",
    "LIGHT_SKIN_ITA_DEG",
    "PhotoQuality",
    "measure_photos",
]

Array = np.ndarray[Any, Any]

# Individual typology angle: above 41 degrees the skin is called light, below 10 brown or dark.
LIGHT_SKIN_ITA_DEG = 41.0
DARK_SKIN_ITA_DEG = 10.0
DARK_FACE_LIGHTNESS = 35.0  # CIE L*, mean over the face
_COLOR_CHROMA = 4.0  # CIE a*, b*: a gray photo's are 0 but for its compression

# Of the 971: middle of the lower lid, corner of the mouth; a cheek lies half-way between them.
_CHEEKS = ((352, 731), (448, 795))
_EYES = (328, 424)
_CHEEK_RADIUS = 0.1  # of the distance between the outer eye corners
_SHARPNESS_PX = 96  # every face is brought to this size before its sharpness is measured


@dataclass(frozen=True, slots=True, eq=False)
class PhotoQuality:
    """One value a face.

    Attributes:
        is_color: (N,) bool, the photo has colors.
        skin_ita_deg: (N,) individual typology angle of the cheeks, arctan((L* - 50) / b*): larger
            is lighter. Light and exposure change it as much as skin does: it says how a face is
            pictured, not whose it is. NaN where the landmarks are not the 971.
        lightness: (N,) mean L* of the face, 0 to 100.
        sharpness: (N,) variance of the Laplacian over the variance of the face at one size.
    """

    is_color: Array
    skin_ita_deg: Array
    lightness: Array
    sharpness: Array


def measure_photos(faces: FaceCrops) -> PhotoQuality:
    """Look at the pixels inside every face."""
    rows = [_measure(faces.image(face), faces.landmarks[face]) for face in range(len(faces))]
    chroma, ita_deg, lightness, sharpness = np.array(rows, np.float64).reshape(-1, 4).T
    return PhotoQuality(chroma > _COLOR_CHROMA, ita_deg, lightness, sharpness)


def _measure(image: Array, landmarks: Array) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = box_of(landmarks)
    face = _square(image, (x0 + x1) / 2, (y0 + y1) / 2, max(x1 - x0, y1 - y0), _SHARPNESS_PX)
    lab = _to_lab(face)
    chroma = float(np.hypot(lab[..., 1], lab[..., 2]).mean())
    gray = lab[..., 0]
    sharpness = float(cv2.Laplacian(gray, cv2.CV_32F).var() / max(gray.var(), 1e-6))
    ita_deg = _ita_deg(image, landmarks) if len(landmarks) > max(_CHEEKS[1]) else float("nan")
    return chroma, ita_deg, float(gray.mean()), sharpness


def _ita_deg(image: Array, landmarks: Array) -> float:
    """Of the median color of both cheeks, so that a highlight on one does not decide."""
    radius = _CHEEK_RADIUS * float(np.linalg.norm(landmarks[_EYES[0]] - landmarks[_EYES[1]]))
    patches = []
    for lid, mouth in _CHEEKS:
        x, y = (landmarks[lid] + landmarks[mouth]) / 2
        patches.append(_square(image, x, y, 2 * radius, 8).reshape(-1, 3))
    color = np.median(_to_lab(np.concatenate(patches)[None])[0], 0)
    return float(np.rad2deg(np.arctan2(color[0] - 50, max(float(color[2]), 1e-3))))


def _square(image: Array, x: float, y: float, side: float, size: int) -> Array:
    affine = crop_map(np.array([x, y]), side, size)
    return warp(image, affine, (size, size), border=cv2.BORDER_REPLICATE)


def _to_lab(image: Array) -> Array:
    """(H, W, 3) uint8 RGB -> float32 CIE L*, a*, b*."""
    return np.asarray(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2Lab))
