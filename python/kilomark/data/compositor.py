"""Renders batches of training images on a device: cells that show parts of an image bank."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from kilomark.data.image_bank import ImageBank

__all__ = ["Placements", "compose"]


@dataclass(slots=True, eq=False)
class Placements:
    """What N images show: a background, placement 0, and a grid of G x G cells before it.

    Cell (row, column) shows placement 1 + row * G + column, P = 1 + G * G in all.

    Attributes:
        columns: (N, G + 1) x of the cells' edges; cells that are not there have no width.
        rows: (N, G + 1) y of the cells' edges.
        maps: (N, P, 2, 3) from pixels of the composed image to those of the bank's image level.
        offsets: (N, P) int64, where that level begins in the bank.
        sizes: (N, P, 2) int64, its width and height.
        clips: (N, P, 4) x0, y0, x1, y1 of the part to show, in its pixels.
        is_round: (N, P) bool, show only the ellipse in that part.
        softness: (N, P) width of the part's fading border, in pixels of the composed image.
        gains: (N, P) factors of the brightness.
        fills: (N, P, 3) color around the part, negative where the background shows through.
    """

    columns: Tensor
    rows: Tensor
    maps: Tensor
    offsets: Tensor
    sizes: Tensor
    clips: Tensor
    is_round: Tensor
    softness: Tensor
    gains: Tensor
    fills: Tensor

    def to(self, device: torch.device | str) -> Placements:
        """Copy to a device."""
        moved = {
            field.name: getattr(self, field.name).to(device, non_blocking=True)
            for field in fields(self)
        }
        return Placements(**moved)


def compose(bank: ImageBank, placements: Placements, height: int, width: int) -> Tensor:
    """Render the images: (N, 3, height, width) float32 RGB in 0..255."""
    device = bank.pixels.device
    x = torch.arange(width, device=device) + 0.5
    y = torch.arange(height, device=device) + 0.5
    column = _cell_of(x, placements.columns)  # (N, W)
    row = _cell_of(y, placements.rows)
    cells = placements.columns.shape[1] - 1
    chosen = 1 + row[:, :, None] * cells + column[:, None, :]  # (N, H, W)
    place = chosen.flatten(1)

    u, v = _mapped(_picked(placements.maps.flatten(2), place), x, y)
    clip = _picked(placements.clips, place)
    reach = _reach(placements, place)
    inside = _inside_rectangle(u, v, clip)
    ellipse = _inside_ellipse(u, v, clip)
    inside = torch.where(placements.is_round.gather(1, place), ellipse, inside)
    share = (inside / reach + 0.5).clamp(0, 1)
    front = _sample(
        bank.pixels, u, v, placements.offsets.gather(1, place), _picked(placements.sizes, place)
    )
    front = front * placements.gains.gather(1, place)[:, None]

    behind = _background(bank, placements, x, y)
    fill = _picked(placements.fills, place).movedim(-1, 1)
    behind = torch.where(fill < 0, behind, fill)
    composed = behind + (front - behind) * share[:, None]
    images: Tensor = composed.reshape(len(composed), 3, height, width).clamp(0, 255)
    return images


def _cell_of(positions: Tensor, edges: Tensor) -> Tensor:
    """(N, L): the cell, 0 to G - 1, of each of L positions."""
    inner = edges[:, 1:-1, None]
    return (positions[None, None] >= inner).sum(1)


def _picked(values: Tensor, place: Tensor) -> Tensor:
    """Values (N, P, C) of each pixel's placement: (N, L, C)."""
    return values.gather(1, place[..., None].expand(*place.shape, values.shape[2]))


def _mapped(maps: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Apply (N, L, 6) maps to a grid of pixels, or (N, 1, 6) to all of it."""
    across = x.repeat(len(y))
    down = y.repeat_interleave(len(x))
    u = maps[..., 0] * across + maps[..., 1] * down + maps[..., 2]
    v = maps[..., 3] * across + maps[..., 4] * down + maps[..., 5]
    return u, v


def _reach(placements: Placements, place: Tensor) -> Tensor:
    """Width of the fading border in pixels of the bank's image; never quite 0."""
    scale = torch.linalg.vector_norm(placements.maps[..., 0, :2], dim=-1)
    reach: Tensor = (scale * placements.softness.clamp(min=0.7)).gather(1, place)
    return reach


def _inside_rectangle(u: Tensor, v: Tensor, clip: Tensor) -> Tensor:
    x0, y0, x1, y1 = clip.unbind(-1)
    return torch.minimum(torch.minimum(u - x0, x1 - u), torch.minimum(v - y0, y1 - v))


def _inside_ellipse(u: Tensor, v: Tensor, clip: Tensor) -> Tensor:
    x0, y0, x1, y1 = clip.unbind(-1)
    half_x, half_y = ((x1 - x0) / 2).clamp(min=1), ((y1 - y0) / 2).clamp(min=1)
    radius = torch.hypot((u - x0) / half_x - 1, (v - y0) / half_y - 1)
    return (1 - radius) * torch.minimum(half_x, half_y)


def _background(bank: ImageBank, placements: Placements, x: Tensor, y: Tensor) -> Tensor:
    u, v = _mapped(placements.maps[:, :1].flatten(2), x, y)
    size = placements.sizes[:, :1]
    u, v = _reflected(u, size[..., 0].float()), _reflected(v, size[..., 1].float())
    return _sample(bank.pixels, u, v, placements.offsets[:, :1], size)


def _reflected(position: Tensor, extent: Tensor) -> Tensor:
    """Mirror positions at 0 and ``extent`` until they lie between."""
    return extent - (torch.remainder(position, 2 * extent) - extent).abs()


def _sample(pixels: Tensor, u: Tensor, v: Tensor, offset: Tensor, size: Tensor) -> Tensor:
    """Bilinear samples (N, 3, L) at (N, L) positions of images that begin at ``offset``."""
    width, height = size[..., 0], size[..., 1]
    u, v = u - 0.5, v - 0.5
    left, top = u.floor(), v.floor()
    share_x, share_y = (u - left)[:, None], (v - top)[:, None]
    columns = [torch.minimum((left + i).long().clamp(min=0), width - 1) for i in (0, 1)]
    lines = [torch.minimum((top + i).long().clamp(min=0), height - 1) for i in (0, 1)]
    upper, lower = (
        torch.lerp(
            _unpacked(pixels[offset + line * width + columns[0]]),
            _unpacked(pixels[offset + line * width + columns[1]]),
            share_x,
        )
        for line in lines
    )
    return torch.lerp(upper, lower, share_y)


def _unpacked(packed: Tensor) -> Tensor:
    return torch.stack([packed & 255, (packed >> 8) & 255, (packed >> 16) & 255], 1).float()
