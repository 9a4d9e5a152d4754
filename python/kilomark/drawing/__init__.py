"""Faces drawn on pictures: contours, points, irises, axes, ids, measures, spread, masks.

    import kilomark

    picture = kilomark.draw("photo.jpg", faces, style="contours+irises")
    kilomark.draw(frame, faces, style="contours+ids", in_place=True)

A style is a sequence of layers. `STYLES` has one of each kind by name; a layer that you make
yourself takes options, such as ``Contours(groups=("lips",), width=2)``.
"""

from __future__ import annotations

from kilomark.drawing.canvas import Canvas, Color
from kilomark.drawing.colors import group_colors
from kilomark.drawing.layers import (
    Axes,
    Boxes,
    Contours,
    Irises,
    Layer,
    Masks,
    Points,
    Spread,
)
from kilomark.drawing.masks import group_mask
from kilomark.drawing.pictures import draw, show, to_rgb
from kilomark.drawing.styles import DEFAULT_STYLE, STYLES, Style, parse_style
from kilomark.drawing.text_layers import Ids, Labels, Measures

__all__ = [
    "DEFAULT_STYLE",
    "STYLES",
    "Axes",
    "Boxes",
    "Canvas",
    "Color",
    "Contours",
    "Ids",
    "Irises",
    "Labels",
    "Layer",
    "Masks",
    "Measures",
    "Points",
    "Spread",
    "Style",
    "draw",
    "group_colors",
    "group_mask",
    "parse_style",
    "show",
    "to_rgb",
]
