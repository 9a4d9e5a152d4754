"""A picture to draw on: anti-aliased strokes by the C++ core, texts by Pillow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from kilomark import _core
from kilomark.drawing.texts import text_mask

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Canvas", "Color", "StrokeKind"]

Color: TypeAlias = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""

StrokeKind: TypeAlias = Literal["curve", "ring", "dots", "fill"]
Points: TypeAlias = npt.NDArray[np.floating[Any]]

LUMA = (0.299, 0.587, 0.114)
OPAQUE = 255


class Canvas:
    """Draws on an array in place.

    Args:
        pixels: (H, W, C) uint8, its pixels side by side: gray (C = 1), BGR or BGRA.
        rgb: whether the channels are RGB or RGBA instead.
        is_mirrored: whether the picture was flipped after the landmarks were placed. Strokes are
            flipped too; texts are not.
    """

    def __init__(
        self, pixels: npt.NDArray[np.uint8], *, rgb: bool = False, is_mirrored: bool = False
    ) -> None:
        self.pixels = pixels
        self.height, self.width = pixels.shape[:2]
        self._rgb = rgb
        self._is_mirrored = is_mirrored
        self._strokes: list[tuple[Any, ...]] = []

    def place(self, points: Points) -> npt.NDArray[np.float32]:
        """Return where (N, 2) points of the image lie on the canvas."""
        placed = np.array(points, np.float32)
        if self._is_mirrored:
            placed[:, 0] = self.width - placed[:, 0]
        return placed

    def box(self, box: Points) -> tuple[float, float, float, float]:
        """Return x0, y0, x1, y1 of a box of the image, on the canvas."""
        corners = self.place(np.asarray(box).reshape(2, 2))
        (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
        return float(x0), float(y0), float(x1), float(y1)

    def add(
        self,
        kind: StrokeKind,
        points: Points,
        color: Color,
        *,
        width_px: float = 1.0,
        opacity: float = 1.0,
    ) -> None:
        """Add a stroke through (N, 2) points of the image; `flush` draws it.

        Args:
            kind: ``"curve"``, ``"ring"`` (a closed curve), ``"dots"`` or ``"fill"`` (the area in a
                ring).
            points: in pixels of the image.
            color: red, green, blue.
            width_px: of lines and dots.
            opacity: 0 to 1.
        """
        self._strokes.append((kind, self.place(points), self._ordered(color), width_px, opacity))

    def flush(self) -> None:
        """Draw the strokes that were added."""
        strokes, self._strokes = self._strokes, []
        _core.paint(
            self.pixels,
            [
                (points, kind, width_px, color, opacity)
                for kind, points, color, width_px, opacity in strokes
            ],
        )

    def write(
        self,
        lines: Sequence[str],
        at: tuple[float, float],
        *,
        font_px: float,
        color: Color,
        background: Color,
        background_opacity: float = 0.75,
    ) -> None:
        """Write lines on a panel whose upper left corner lies at ``at``, moved into the canvas."""
        self.flush()
        mask = text_mask(tuple(lines), max(8, round(font_px)))
        height, width = mask.shape
        x = round(min(max(at[0], 0), max(self.width - width, 0)))
        y = round(min(max(at[1], 0), max(self.height - height, 0)))
        x1, y1 = min(x + width, self.width), min(y + height, self.height)
        panel = np.array([[x, y], [x1, y], [x1, y1], [x, y1]], np.float32)
        ordered = self._ordered(background)
        _core.paint(self.pixels, [(panel, "fill", 1.0, ordered, background_opacity)])
        shares = mask[: y1 - y, : x1 - x, None].astype(np.int32)
        part = self.pixels[y:y1, x:x1]
        tint = np.array(self._ordered(color)[: part.shape[2]], np.int32)
        part[:] = (part * (255 - shares) + tint * shares + 127) // 255

    def _ordered(self, color: Color) -> tuple[int, int, int, int]:
        if self.pixels.shape[2] == 1:
            gray = round(sum(w * c for w, c in zip(LUMA, color, strict=True)))
            return gray, 0, 0, 0
        red, green, blue = color
        return (red, green, blue, OPAQUE) if self._rgb else (blue, green, red, OPAQUE)
