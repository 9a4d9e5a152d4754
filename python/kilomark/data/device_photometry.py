"""Random changes of light, color and sharpness of whole batches, in torch on any device.

The counterpart of ``photometry``, which changes one image at a time on the CPU. Every operation
changes a share of the batch of fixed size, so nothing waits for the device.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DevicePhotometry", "gaussian_blur", "jpeg_like", "to_gray"]

_GRAY = (0.299, 0.587, 0.114)
_BLOCK = 8  # pixels of a JPEG block
_LUMA_TABLE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)  # ITU-T T.81, annex K.1


class DevicePhotometry:
    """Augments batches of crops; the same seed and batches give the same changes on one device.

    All methods take and return (N, 3, H, W) float RGB in 0..255 and leave their input as it is.

    Args:
        seed: of the random numbers.
        device: where the batches are.
        gray_share: share of the crops that lose their color.
        dark_share: share that is shot in low light.
        far_share: share that keeps no more pixels than a face of 12 to 50 px has.
        cover_share: share with a rectangle or an ellipse in front of the face.
    """

    def __init__(
        self,
        seed: int,
        device: torch.device | str,
        *,
        gray_share: float = 0.2,
        dark_share: float = 0.1,
        far_share: float = 0.09,
        cover_share: float = 0.3,
    ) -> None:
        self.device = torch.device(device)
        self.generator = torch.Generator(self.device).manual_seed(seed)
        self._sizes = random.Random(seed)  # sizes of resampling are Python's: no device is asked
        self.gray_share = gray_share
        self.dark_share = dark_share
        self.far_share = far_share
        self.cover_share = cover_share

    def augment(self, crops: Tensor) -> Tensor:
        """Cover, darken, blur, resample, compress, light and add noise; round to whole numbers."""
        crops = self._on_share(crops, self.cover_share, self.cover)
        crops = self._on_share(crops, self.far_share, self.see_from_afar)
        crops = self._on_share(crops, 0.15, self.blur)
        crops = self._on_share(crops, 0.05, self.blur_along)
        crops = self._on_share(crops, 0.17, self.resample)
        crops = self._on_share(crops, self.gray_share, to_gray)
        crops = self._on_share(crops, 0.25, self.compress)
        crops = self.light(crops)
        crops = self._on_share(crops, self.dark_share, self.darken)
        crops = self._on_share(crops, 0.3, self.add_noise)
        return crops.clamp(0, 255).round()

    def light(self, crops: Tensor) -> Tensor:
        """Change contrast around the mean color, then gain, tint and offset."""
        count = len(crops)
        gain = torch.exp(self._normal(count, 1) * 0.25)
        contrast = torch.exp(self._normal(count, 1) * 0.2)
        tint = gain * torch.exp(self._normal(count, 3) * 0.06)
        offset = self._normal(count, 1) * 18 + self._normal(count, 3) * 5
        mean = crops.mean((2, 3))
        scale = (tint * contrast)[..., None, None]
        return crops * scale + (tint * (1 - contrast) * mean + offset)[..., None, None]

    def darken(self, crops: Tensor) -> Tensor:
        """Low light: a bent tone curve, 1/8 to 1/2 of the light, sensor noise, some brightened."""
        count = len(crops)
        exposure = torch.exp(self._uniform(count, math.log(1 / 8), math.log(1 / 2)))
        gamma = torch.exp(self._uniform(count, -0.1, 0.5))
        dark = 255 * (crops.clamp(0, 255) / 255) ** gamma * exposure
        read_noise, shot_noise = self._uniform(count, 0.5, 4), self._uniform(count, 0, 0.35)
        deviation = (read_noise**2 + shot_noise**2 * dark).clamp(min=0).sqrt()
        color = self._normal(*crops.shape)
        shared = self._normal(count, 1, *crops.shape[2:])
        dark = (dark + deviation * (0.6 * color + 0.8 * shared)).clamp(0, 255).round()
        brighten = (self._uniform(count, 0, 1) < 0.5).float()
        lifted = dark * (1 + brighten * self._uniform(count, 0, 0.8) * (1 / exposure - 1))
        return lifted.clamp(0, 255)

    def blur(self, crops: Tensor) -> Tensor:
        """Gaussian blur; its deviation is 0.3 to 1.6 % of the crop's width."""
        sigma = self._uniform(len(crops), 0.003, 0.016) * crops.shape[3]
        return gaussian_blur(crops, sigma.flatten())

    def blur_along(self, crops: Tensor) -> Tensor:
        """Motion blur along a random direction, up to 7 % of the crop's width."""
        count, steps = len(crops), 7
        angle = self._uniform(count, 0, math.pi).flatten()
        reach = self._uniform(count, 0.01, 0.07).flatten()
        move = torch.stack([angle.cos(), angle.sin()], 1) * reach[:, None]  # ends 1/2 move away
        total = torch.zeros_like(crops)
        for step in range(steps):
            affine = torch.eye(2, 3, device=crops.device).repeat(count, 1, 1)
            affine[:, :, 2] = move * (2 * step / (steps - 1) - 1)
            grid = functional.affine_grid(affine, list(crops.shape), align_corners=False)
            total += functional.grid_sample(
                crops, grid, padding_mode="reflection", align_corners=False
            )
        return total / steps

    def resample(self, crops: Tensor) -> Tensor:
        """Sample down to 20 to 75 % of the pixels' number along each axis, and up again."""
        return self._in_groups(
            crops, lambda part: _down_and_up(part, self._sizes.uniform(0.2, 0.75))
        )

    def see_from_afar(self, crops: Tensor) -> Tensor:
        """Leave as many pixels as a crop of a face of 12 to 50 px has; darken a third."""

        def reduce(part: Tensor) -> Tensor:
            far_px = math.exp(self._sizes.uniform(math.log(15), math.log(62)))
            size = max(4, round(far_px * part.shape[3] / 128))
            small = functional.interpolate(part, size=(size, size), mode="area")
            small = self._on_share(small, 0.3, self.darken)
            return functional.interpolate(
                small, size=part.shape[2:], mode="bilinear", align_corners=False
            )

        return self._in_groups(crops, reduce)

    def compress(self, crops: Tensor) -> Tensor:
        """Quantize the cosine transform of 8 x 8 blocks as JPEG does, at a quality of 10 to 80."""
        return jpeg_like(crops, self._uniform(len(crops), 10, 80).flatten())

    def add_noise(self, crops: Tensor) -> Tensor:
        """Add normal noise of deviation 1 to 12: to all channels alike, a third of it blotchy."""
        count, _, height, width = crops.shape
        fine = self._normal(count, 1, height, width)
        coarse = functional.interpolate(
            self._normal(count, 3, height // 2, width // 2), size=(height, width), mode="nearest"
        )
        is_coarse = (self._uniform(count, 0, 1) < 0.33).float()
        noise = torch.lerp(fine.expand_as(crops), coarse, is_coarse)
        return crops + noise * self._uniform(count, 1, 12)

    def cover(self, crops: Tensor) -> Tensor:
        """Hide a rectangle or an ellipse behind a color, noise or a piece of another crop."""
        count, _, height, width = crops.shape
        y = (torch.arange(height, device=crops.device) + 0.5)[:, None] / height
        x = (torch.arange(width, device=crops.device) + 0.5)[None, :] / width
        half = [self._uniform(count, 0.05, 0.225)[:, 0] for _ in range(2)]
        center = [self._uniform(count, 0.05, 0.95)[:, 0] for _ in range(2)]
        across, down = ((x - center[0]) / half[0]).abs(), ((y - center[1]) / half[1]).abs()
        in_ellipse, in_rectangle = across**2 + down**2 < 1, torch.maximum(across, down) < 1
        is_round = self._uniform(count, 0, 1)[:, 0] < 0.4
        inside = torch.where(is_round, in_ellipse, in_rectangle)[:, None]
        kind = self._uniform(count, 0, 1)
        flat = self._uniform(count, 0, 255, channels=3).expand_as(crops)
        noise = torch.rand(crops.shape, generator=self.generator, device=self.device) * 255
        cover = torch.where(kind < 0.5, flat, torch.where(kind < 0.65, noise, crops.roll(1, 0)))
        return torch.where(inside, cover, crops)

    def choose(self, count: int, share: float) -> Tensor:
        """Choose about ``share`` of ``count`` rows: (M,) int64, M the same on every call but one.

        The fraction that is left over becomes a row as often as its size says.
        """
        wanted = count * share
        num = int(wanted) + (self._sizes.random() < wanted - int(wanted))
        order = torch.rand(count, generator=self.generator, device=self.device)
        return order.topk(num).indices

    def _on_share(self, crops: Tensor, share: float, change: Callable[[Tensor], Tensor]) -> Tensor:
        rows = self.choose(len(crops), share)
        if len(rows) == 0:
            return crops
        return crops.index_copy(0, rows, change(crops[rows]).to(crops.dtype))

    def _in_groups(
        self, crops: Tensor, change: Callable[[Tensor], Tensor], num_groups: int = 4
    ) -> Tensor:
        """Change parts of a batch one by one: each part shares one size of resampling."""
        return torch.cat([change(part) for part in crops.chunk(num_groups)])

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.generator, device=self.device)

    def _uniform(self, count: int, low: float, high: float, channels: int = 1) -> Tensor:
        """(count, channels, 1, 1)."""
        shape = (count, channels, 1, 1)
        drawn = torch.rand(shape, generator=self.generator, device=self.device)
        return low + (high - low) * drawn


def to_gray(crops: Tensor) -> Tensor:
    """(N, 3, H, W) RGB of one luminance in all channels."""
    weights = torch.tensor(_GRAY, device=crops.device, dtype=crops.dtype).reshape(1, 3, 1, 1)
    return (crops * weights).sum(1, keepdim=True).expand_as(crops)


def gaussian_blur(crops: Tensor, sigma: Tensor, *, radius: int | None = None) -> Tensor:
    """Blur each of (N, C, H, W) by its own deviation, (N,) px; a radius of 7 px by default."""
    reach = 7 if radius is None else radius
    offsets = torch.arange(-reach, reach + 1, device=crops.device, dtype=crops.dtype)
    kernel = torch.exp(-0.5 * (offsets / sigma.clamp(min=1e-3)[:, None]) ** 2)
    kernel = (kernel / kernel.sum(1, keepdim=True)).reshape(len(crops), -1, 1, 1, 1)
    height, width = crops.shape[2:]
    padded = functional.pad(crops, (reach, reach, 0, 0), mode="replicate")
    across = sum(kernel[:, i] * padded[..., i : i + width] for i in range(2 * reach + 1))
    assert isinstance(across, Tensor)
    padded = functional.pad(across, (0, 0, reach, reach), mode="replicate")
    blurred = sum(kernel[:, i] * padded[:, :, i : i + height] for i in range(2 * reach + 1))
    assert isinstance(blurred, Tensor)
    return blurred


def jpeg_like(crops: Tensor, quality: Tensor) -> Tensor:
    """Quantize 8 x 8 blocks as JPEG does, chroma at half resolution; no file is written.

    Args:
        crops: (N, 3, H, W) RGB in 0..255; H and W are multiples of 16.
        quality: (N,) 1 to 100, as of libjpeg.
    """
    red, green, blue = crops.clamp(0, 255).unbind(1)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    chroma = torch.stack([(blue - luma) * 0.564, (red - luma) * 0.713], 1)
    scale = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality) / 100
    luma = _quantize_blocks(luma[:, None] - 128, scale) + 128
    small = functional.avg_pool2d(chroma, 2)
    small = _quantize_blocks(small, scale * 1.3)
    chroma = functional.interpolate(small, scale_factor=2, mode="bilinear", align_corners=False)
    luma, blueness, redness = luma[:, 0], chroma[:, 0], chroma[:, 1]
    red, blue = luma + redness / 0.713, luma + blueness / 0.564
    green = (luma - 0.299 * red - 0.114 * blue) / 0.587
    return torch.stack([red, green, blue], 1).clamp(0, 255)


def _quantize_blocks(planes: Tensor, scale: Tensor) -> Tensor:
    count, channels, height, width = planes.shape
    index = torch.arange(_BLOCK, device=planes.device, dtype=planes.dtype)
    cosine = torch.cos((2 * index[None] + 1) * index[:, None] * math.pi / (2 * _BLOCK))
    cosine[0] /= math.sqrt(2)
    cosine /= 2
    table = torch.tensor(_LUMA_TABLE, device=planes.device, dtype=planes.dtype)
    step = (table * scale.reshape(-1, 1, 1, 1, 1, 1)).clamp(1, 255)
    blocks = planes.reshape(count, channels, height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK)
    blocks = blocks.transpose(3, 4)
    quantized = (cosine @ blocks @ cosine.T / step).round() * step
    restored = cosine.T @ quantized @ cosine
    return restored.transpose(3, 4).reshape(count, channels, height, width)


def _down_and_up(crops: Tensor, factor: float) -> Tensor:
    height, width = crops.shape[2:]
    size = (max(8, round(height * factor)), max(8, round(width * factor)))
    small = functional.interpolate(crops, size=size, mode="area")
    return functional.interpolate(small, size=(height, width), mode="bilinear", align_corners=False)
