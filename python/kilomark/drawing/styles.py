"""Styles by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

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
from kilomark.drawing.text_layers import Ids, Measures
from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt

__all__ = ["DEFAULT_STYLE", "STYLES", "Style", "parse_style"]

STYLES: Mapping[str, Layer] = {
    "contours": Contours(),
    "points": Points(),
    "irises": Irises(),
    "axes": Axes(),
    "boxes": Boxes(),
    "ids": Ids(),
    "measures": Measures(),
    "spread": Spread(),
    "masks": Masks(),
}
"""The layers that a style may name."""

Style: TypeAlias = str | Layer | Iterable[str | Layer]
"""Names joined by ``+`` such as ``"contours+ids"``, a layer, or a sequence of both."""

DEFAULT_STYLE = "contours+boxes"


def parse_style(style: Style) -> list[Layer]:
    """Return the layers of a style, in the order in which they are drawn.

    Raises:
        InvalidInputError: a name is unknown; the message lists the known ones.
    """
    if isinstance(style, str):
        return [_named(name.strip()) for name in style.split("+")]
    if isinstance(style, Layer):
        return [style]
    return [layer for part in style for layer in parse_style(part)]


def _named(name: str) -> Layer:
    try:
        return STYLES[name]
    except KeyError:
        raise InvalidInputError(
            f"there is no drawing style {excerpt(name)}; expected one or more of "
            f"{', '.join(STYLES)}, joined by +"
        ) from None
