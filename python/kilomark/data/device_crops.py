"""Cutting batches of augmented crops from images that stay on the device, in torch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["crop_maps", "crop_pixels_in_image", "cut_crops", "map_points"]

_MEAN_COLOR = (124.0, 116.0, 104.0)  # what the runtime puts outside the image


def crop_maps(
    centers: Tensor,
    sides: Tensor,
    size: int,
    *,
    angles_deg: Tensor | None = None,
    aspects: Tensor | None = None,
    mirrored: Tensor | None = None,
) -> Tensor:
    """Maps (N, 2, 3) from image to crop pixels, as ``geometry.crop_map`` makes one.

    Args:
        centers: (N, 2) x, y in the images.
        sides: (N,) image pixels that a crop's side covers.
        size: width and height of the crops in pixels.
        angles_deg: (N,) a face turned clockwise by this angle stands upright in the crop.
        aspects: (N,) how much wider than high the content appears.
        mirrored: (N,) bool, whether a crop is mirrored left to right.
    """
    nothing = torch.zeros_like(sides)
    angles = torch.deg2rad(nothing if angles_deg is None else angles_deg)
    stretch = torch.sqrt(nothing + 1 if aspects is None else aspects)
    sign = nothing + 1 if mirrored is None else 1 - 2 * mirrored.to(sides.dtype)
    along_x, along_y = size / sides * stretch * sign, size / sides / stretch
    linear = torch.stack(
        [along_x * angles.cos(), along_x * angles.sin(),
         -along_y * angles.sin(), along_y * angles.cos()], 1
    ).reshape(-1, 2, 2)  # fmt: skip
    shift = size / 2 - (linear @ centers[..., None])
    return torch.cat([linear, shift], 2)


def map_points(maps: Tensor, points: Tensor) -> Tensor:
    """Map (N, K, 2) points by (N, 2, 3) maps."""
    return points @ maps[:, :, :2].transpose(1, 2) + maps[:, None, :, 2]


def cut_crops(
    images: Tensor,
    maps: Tensor,
    size: int,
    *,
    valid: Tensor | None = None,
    fill: Tensor | None = None,
    padding_mode: str = "zeros",
) -> Tensor:
    """Resample images to crops under the package's pixel-center rule.

    Args:
        images: (N, H, W, 3) uint8 RGB.
        maps: (N, 2, 3) from image to crop pixels.
        size: width and height of the crops.
        valid: (N, 4) x0, y0, x1, y1 of the part of each image that shows the photo; all of it if
            None. What lies outside becomes ``fill``.
        fill: (N, 3, size, size), or of a shape that expands to it; the runtime's border color if
            None.
        padding_mode: of ``grid_sample``, for what lies outside the image.

    Returns:
        (N, 3, size, size) float32 RGB in 0..255.
    """
    count, height, width = images.shape[:3]
    places = crop_pixels_in_image(maps, size)
    extent = torch.tensor([width, height], device=maps.device, dtype=maps.dtype)
    grid = 2 * places / extent - 1
    pixels = images.permute(0, 3, 1, 2).to(maps.dtype)
    crops = functional.grid_sample(pixels, grid, padding_mode=padding_mode, align_corners=False)
    if valid is None:
        valid = torch.cat([extent * 0, extent]).expand(count, 4)
    low, high = valid[:, None, None, :2] + 0.5, valid[:, None, None, 2:] - 0.5
    is_inside = ((places >= low) & (places <= high)).all(-1)[:, None]
    if fill is None:
        fill = torch.tensor(_MEAN_COLOR, device=maps.device).reshape(1, 3, 1, 1)
    return torch.where(is_inside, crops, fill.to(crops.dtype))


def crop_pixels_in_image(maps: Tensor, size: int) -> Tensor:
    """(N, size, size, 2): where the centers of the crops' pixels lie in the images."""
    line = torch.arange(size, device=maps.device, dtype=maps.dtype) + 0.5
    y, x = torch.meshgrid(line, line, indexing="ij")
    centers = torch.stack([x, y], -1).reshape(1, -1, 2)
    inverse = torch.linalg.inv_ex(maps[:, :, :2]).inverse
    places: Tensor = (centers - maps[:, None, :, 2]) @ inverse.transpose(1, 2)
    return places.reshape(-1, size, size, 2)
