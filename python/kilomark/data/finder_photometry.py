"""Changes of light, color and sharpness for images of many faces, in torch on any device."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from kilomark.data.device_photometry import DevicePhotometry, gaussian_blur, jpeg_like, to_gray

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FinderPhotometry"]

_BLUR_LOG_PX = (-0.9, 0.7)
_MOTION_PX = (1.0, 6.0)  # half of the path
_MOTION_STEPS = 7
_QUALITY = (20.0, 85.0)


class FinderPhotometry:
    """Augments whole images; gentler to small faces than `DevicePhotometry` is to a crop's face.

    Args:
        seed: of the random numbers.
        device: where the images are.
    """

    def __init__(self, seed: int, device: torch.device | str) -> None:
        self._photometry = DevicePhotometry(seed, device)

    def augment(self, images: Tensor) -> Tensor:
        """Change (N, 3, H, W) float RGB in 0..255; H and W are multiples of 16."""
        images = self._on_share(images, 0.14, self._blur)
        images = self._on_share(images, 0.06, self._blur_along)
        images = self._on_share(images, 0.12, _resample)
        images = self._on_share(images, 0.1, self._sharpen)
        images = self._on_share(images, 0.27, to_gray)
        images = self._on_share(images, 0.22, self._compress)
        images = self._photometry.light(images)
        images = self._on_share(images, 0.1, self._photometry.darken)
        images = self._on_share(images, 0.22, self._photometry.add_noise)
        return images.clamp(0, 255).round()

    def _on_share(self, images: Tensor, share: float, change: Callable[[Tensor], Tensor]) -> Tensor:
        rows = self._photometry.choose(len(images), share)
        if len(rows) == 0:
            return images
        return images.index_copy(0, rows, change(images[rows]).to(images.dtype))

    def _blur(self, images: Tensor) -> Tensor:
        return gaussian_blur(images, self._uniform(len(images), *_BLUR_LOG_PX).exp(), radius=5)

    def _sharpen(self, images: Tensor) -> Tensor:
        soft = gaussian_blur(images, torch.ones(len(images), device=images.device), radius=3)
        strength = self._uniform(len(images), 0.3, 1.3).reshape(-1, 1, 1, 1)
        return (images + (images - soft) * strength).clamp(0, 255)

    def _compress(self, images: Tensor) -> Tensor:
        return jpeg_like(images, self._uniform(len(images), *_QUALITY))

    def _blur_along(self, images: Tensor) -> Tensor:
        count = len(images)
        angle, reach = self._uniform(count, 0, math.pi), self._uniform(count, *_MOTION_PX)
        extent = torch.tensor(images.shape[:1:-1], device=images.device)  # width, height
        path = torch.stack([angle.cos(), angle.sin()], 1) * reach[:, None] * 2 / extent
        total = torch.zeros_like(images)
        for step in range(_MOTION_STEPS):
            affine = torch.eye(2, 3, device=images.device).repeat(count, 1, 1)
            affine[:, :, 2] = path * (2 * step / (_MOTION_STEPS - 1) - 1)
            grid = functional.affine_grid(affine, list(images.shape), align_corners=False)
            total += functional.grid_sample(
                images, grid, padding_mode="reflection", align_corners=False
            )
        return total / _MOTION_STEPS

    def _uniform(self, count: int, low: float, high: float) -> Tensor:
        generator = self._photometry.generator
        drawn = torch.rand(count, generator=generator, device=self._photometry.device)
        return low + (high - low) * drawn


def _resample(images: Tensor) -> Tensor:
    """Sample down and up again, every fourth of the images by another factor."""
    changed = []
    for factor, part in zip((0.5, 0.6, 0.72, 0.85), images.chunk(4), strict=False):
        small = functional.interpolate(part, scale_factor=factor, mode="area")
        changed.append(
            functional.interpolate(
                small, size=images.shape[2:], mode="bilinear", align_corners=False
            )
        )
    return torch.cat(changed)
