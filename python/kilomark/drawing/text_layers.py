"""The layers of a style that write: labels, ids and measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kilomark.drawing.colors import LIGHT, RIM
from kilomark.drawing.layers import Layer
from kilomark.drawing.texts import panel_size
from kilomark.measures.summary import describe_measures

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from kilomark.drawing.canvas import Canvas
    from kilomark.faces import Face

__all__ = ["Ids", "Labels", "Measures"]


@dataclass(frozen=True, slots=True)
class Labels(Layer):
    """A text above each face.

    Attributes:
        texts: one for each face, in their order.
    """

    texts: Sequence[str]

    def draw(self, canvas: Canvas, face: Face, number: int) -> None:
        """See `Layer.draw`."""
        _label(canvas, face, self.texts[number])


@dataclass(frozen=True, slots=True)
class Ids(Layer):
    """The id of each tracked face; the number of a face that is not tracked, from 1."""

    def draw(self, canvas: Canvas, face: Face, number: int) -> None:
        """See `Layer.draw`."""
        _label(canvas, face, str(getattr(face, "id", number + 1)))


def _font_px(canvas: Canvas, box: npt.NDArray[np.float32], share: float) -> float:
    longer_px = float(max(canvas.width, canvas.height))
    size = min(float((box[2:] - box[:2]).max()), longer_px)
    return max(11.0, share * size, longer_px / 80)


def _label(canvas: Canvas, face: Face, text: str) -> None:
    if not text:
        return
    x0, y0, _, _ = canvas.box(face.box)
    font_px = _font_px(canvas, face.box, 0.08)
    height = panel_size((text,), round(font_px))[1]
    at = (x0, y0 - height - 0.3 * font_px)
    canvas.write([text], at, font_px=font_px, color=LIGHT, background=RIM)


@dataclass(frozen=True, slots=True)
class Measures(Layer):
    """Head pose, eyes, mouth, smile, brows and gaze in numbers, beside the face."""

    def draw(self, canvas: Canvas, face: Face, number: int) -> None:
        """See `Layer.draw`."""
        del number
        lines = describe_measures(face)
        if not lines:
            return
        x0, y0, x1, y1 = canvas.box(face.box)
        font_px = min(_font_px(canvas, face.box, 0.065), 24.0)
        width, _ = panel_size(tuple(lines), round(font_px))
        gap = 0.5 * font_px
        at = (x0, y1 + gap)  # where neither side has room
        if x1 + gap + width <= canvas.width:
            at = (x1 + gap, y0)
        elif x0 >= gap + width:
            at = (x0 - gap - width, y0)
        canvas.write(lines, at, font_px=font_px, color=LIGHT, background=RIM)
