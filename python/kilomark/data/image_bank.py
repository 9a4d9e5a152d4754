"""Many images in one tensor, each with coarser copies, so that a device cuts from any at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["NUM_LEVELS", "ImageBank", "ImageBankBuilder"]

NUM_LEVELS = 5  # full size down to a sixteenth


@dataclass(frozen=True, slots=True, eq=False)
class ImageBank:
    """Images of any sizes as one flat tensor, each at full size, a half, a quarter and so on.

    Attributes:
        pixels: (P,) int32, red + 256 green + 65536 blue, row by row, image by image.
        offsets: (N, NUM_LEVELS) int64, where each level of each image begins in ``pixels``.
        sizes: (N, NUM_LEVELS, 2) int64, width and height of each level.
    """

    pixels: Tensor
    offsets: np.ndarray[Any, Any]
    sizes: np.ndarray[Any, Any]

    def __len__(self) -> int:
        return len(self.offsets)


class ImageBankBuilder:
    """Collects images for an `ImageBank` on one device."""

    def __init__(self, device: torch.device | str, *, num_threads: int = 1) -> None:
        self.device = torch.device(device)
        self.num_threads = num_threads
        self._parts: list[Tensor] = []
        self._offsets: list[np.ndarray[Any, Any]] = []
        self._sizes: list[np.ndarray[Any, Any]] = []
        self._end = 0

    def add_images(self, images: Iterable[np.ndarray[Any, Any]]) -> None:
        """Add images (H, W, 3) uint8 RGB of any sizes."""
        with ThreadPoolExecutor(self.num_threads) as pool:
            for sizes, pixels in pool.map(_all_levels, images):
                areas = sizes.prod(1)
                self._note(self._end + np.cumsum(areas)[None] - areas, sizes[None])
                self._end += int(areas.sum())
                self._parts.append(torch.from_numpy(pixels).to(self.device))

    def finish(self) -> ImageBank:
        """Join what was added."""
        pixels = torch.cat(self._parts)
        self._parts.clear()
        return ImageBank(pixels, np.concatenate(self._offsets), np.concatenate(self._sizes))

    def _note(self, offsets: np.ndarray[Any, Any], sizes: np.ndarray[Any, Any]) -> None:
        self._offsets.append(np.asarray(offsets, np.int64))
        self._sizes.append(sizes)


def _all_levels(image: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Sizes (NUM_LEVELS, 2) of an image's levels, and their packed pixels one after the other."""
    levels = [image]
    for _ in range(NUM_LEVELS - 1):
        height, width = levels[-1].shape[:2]
        smaller = (max(1, width // 2), max(1, height // 2))
        levels.append(cv2.resize(levels[-1], smaller, interpolation=cv2.INTER_AREA))
    sizes = np.array([level.shape[1::-1] for level in levels], np.int64)
    return sizes, np.concatenate([_packed(level) for level in levels])


def _packed(image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    with_fourth = cv2.cvtColor(image, cv2.COLOR_RGB2RGBA)
    with_fourth[..., 3] = 0
    return with_fourth.view("<i4").ravel()
