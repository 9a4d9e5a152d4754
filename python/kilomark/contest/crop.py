"""The crop of the contest's baseline: the photo's middle square, its shorter side brought to 128.

Nothing here knows where the face is. `kilomark.data.landmark_samples.crop_square` is the crop
around a face that the runtime makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

__all__ = ["BASELINE_SIZE", "BaselineCrop", "crop_as_baseline"]

Array = np.ndarray[Any, Any]

BASELINE_SIZE = 128


@dataclass(frozen=True, slots=True)
class BaselineCrop:
    """How a photo was scaled and cropped.

    Attributes:
        scale: pixels of the crop per pixel of the photo, the baseline's f.
        margin_x: columns cut off the scaled photo's left, and within one as many off its right.
        margin_y: the same of rows, off the top.
    """

    scale: float
    margin_x: int
    margin_y: int

    def to_crop(self, landmarks: Array) -> Array:
        """(..., 2) pixels of the photo -> pixels of the crop."""
        mapped: Array = landmarks * self.scale - self._margins(landmarks)
        return mapped

    def to_photo(self, landmarks: Array) -> Array:
        """(..., 2) pixels of the crop -> pixels of the photo."""
        mapped: Array = (landmarks + self._margins(landmarks)) / self.scale
        return mapped

    def _margins(self, like: Array) -> Array:
        return np.array([self.margin_x, self.margin_y], like.dtype)


def crop_as_baseline(image: Array, size: int = BASELINE_SIZE) -> tuple[Array, BaselineCrop]:
    """Scale and crop (H, W, 3) uint8 to (size, size, 3).

    The longer side is rounded to whole pixels, as cv2.resize does, while landmarks keep the exact
    scale: a difference of half a pixel at the photo's far ends, which is the baseline's.
    """
    height, width = image.shape[:2]
    scale = size / width if height > width else size / height
    scaled = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    margin_y, margin_x = (scaled.shape[0] - size) // 2, (scaled.shape[1] - size) // 2
    crop = scaled[margin_y : margin_y + size, margin_x : margin_x + size]
    return np.ascontiguousarray(crop), BaselineCrop(scale, margin_x, margin_y)
