"""Texts as masks, by Pillow's own font."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

__all__ = ["panel_size", "text_mask"]

LINE_HEIGHT = 1.3
"""Of the font's size."""
PADDING = 0.35


@functools.lru_cache(maxsize=16)
def _font(size_px: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size_px)


def panel_size(lines: tuple[str, ...], size_px: int) -> tuple[int, int]:
    """Return width and height of the panel that `text_mask` makes for these lines."""
    font = _font(size_px)
    width = max((font.getlength(line) for line in lines), default=0.0)
    padding = 2 * PADDING * size_px
    return round(width + padding), round(LINE_HEIGHT * size_px * len(lines) + padding)


@functools.lru_cache(maxsize=256)
def text_mask(lines: tuple[str, ...], size_px: int) -> npt.NDArray[np.uint8]:
    """Return (H, W), 0 to 255: lines of white text on black, with a margin. Do not change it."""
    panel = Image.new("L", panel_size(lines, size_px))
    pen = ImageDraw.Draw(panel)
    for number, line in enumerate(lines):
        y = PADDING * size_px + (number + 0.5) * LINE_HEIGHT * size_px
        pen.text((PADDING * size_px, y), line, fill=255, font=_font(size_px), anchor="lm")
    return np.asarray(panel)
