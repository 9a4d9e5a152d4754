"""Smooth strokes on a Pillow image.

Pillow draws without anti-aliasing. So strokes are drawn larger than life on a mask of the part of
the picture that they cover, and the mask is shrunk onto the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

__all__ = ["Canvas", "Color", "Points", "make_canvas"]

Color: TypeAlias = tuple[int, int, int]
Points: TypeAlias = npt.NDArray[np.floating[Any]]

LARGEST_ZOOM = 4
LARGEST_MASK_PX = 2400


@dataclass(frozen=True, slots=True)
class Canvas:
    """A part of a picture, drawn on at ``zoom`` times its size."""

    picture: Image.Image
    area: tuple[int, int, int, int]
    """x0, y0, x1, y1 in pixels of the picture."""
    zoom: int

    @property
    def mask_size(self) -> tuple[int, int]:
        """Width and height of a mask."""
        x0, y0, x1, y1 = self.area
        return (x1 - x0) * self.zoom, (y1 - y0) * self.zoom

    def mask(self) -> Image.Image:
        """Make an empty mask to add strokes to."""
        return Image.new("L", self.mask_size)

    def paint(self, mask: Image.Image, color: Color, *, opacity: float = 1.0) -> None:
        """Shrink a mask onto the picture, in a color."""
        small = mask.reduce(self.zoom)
        if opacity < 1:
            small = small.point([round(value * opacity) for value in range(256)])
        self.picture.paste(color, self.area, small)

    def add_curve(
        self, mask: Image.Image, points: Points, *, closed: bool, width_px: float
    ) -> None:
        """Add the curve through (n, 2) points of the picture, with round ends and joints."""
        path = self._to_mask(np.concatenate([points, points[:1]]) if closed else points)
        ImageDraw.Draw(mask).line(path, fill=255, width=self._zoomed(width_px), joint="curve")
        self.add_dots(mask, points[[0, -1]], width_px=width_px)

    def add_dots(self, mask: Image.Image, points: Points, *, width_px: float) -> None:
        """Add a dot at each of (n, 2) points of the picture."""
        draw = ImageDraw.Draw(mask)
        radius = self._zoomed(width_px) / 2
        for x, y in self._to_mask(points):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)

    def add_rectangle(
        self, mask: Image.Image, corners: Points, *, radius_px: float, width_px: float
    ) -> None:
        """Add a frame with round corners; ``corners`` are its (2, 2) upper left and lower right."""
        ImageDraw.Draw(mask).rounded_rectangle(
            self._to_mask(corners),
            radius=radius_px * self.zoom,
            outline=255,
            width=self._zoomed(width_px),
        )

    def _zoomed(self, width_px: float) -> int:
        return max(1, round(width_px * self.zoom))

    def _to_mask(self, points: Points) -> list[tuple[float, float]]:
        """Where points of the picture lie on a mask; those far outside, only roughly."""
        size = np.array(self.mask_size, np.float64)
        moved = (np.asarray(points, np.float64) - self.area[:2]) * self.zoom
        return [(x, y) for x, y in np.clip(moved, -size, 2 * size).tolist()]


def make_canvas(picture: Image.Image, points: Points, *, margin_px: float) -> Canvas | None:
    """Make the canvas that holds (n, 2) points and a margin; None where it misses the picture."""
    low = np.floor(points.min(axis=0) - margin_px).clip(0, picture.size).astype(int)
    high = np.ceil(points.max(axis=0) + margin_px).clip(0, picture.size).astype(int)
    if (high <= low).any():
        return None
    zoom = int(np.clip(LARGEST_MASK_PX // (high - low).max(), 1, LARGEST_ZOOM))
    return Canvas(picture, (int(low[0]), int(low[1]), int(high[0]), int(high[1])), zoom)
