"""Face boxes that a person passes, checked and as the C++ core takes them."""

from __future__ import annotations

from math import isfinite

import numpy as np
import numpy.typing as npt

from kilomark.errors import InvalidInputError
from kilomark.excerpts import cut_text, excerpt

__all__ = ["to_boxes"]

LARGEST_BOX_RATIO = 100
"""A box longer than this many images is a slip of units, not a face that fills the view."""
EXPECTED = "expected an array (M, 4), or (4,) for one face, of x0, y0, x1, y1 in pixels"


def to_boxes(
    boxes: npt.ArrayLike, *, width: int, height: int, shown: str = "boxes"
) -> npt.NDArray[np.float32]:
    """Turn the boxes of one image into a contiguous (M, 4) float32 array.

    Args:
        boxes: (M, 4) x0, y0, x1, y1 in pixels, or (4,) for a single face; an empty list means none.
        width: width of the image in pixels.
        height: height of the image in pixels.
        shown: how error messages call ``boxes``.

    Raises:
        InvalidInputError: another shape, values that are not numbers, a box that is not finite, is
            empty or upside down, or lies wholly outside the image.
    """
    try:
        values = np.asarray(boxes)
    except ValueError as error:
        raise InvalidInputError(f"{shown} is not an array ({error}); {EXPECTED}") from error
    if values.size == 0 and values.ndim <= 2 and values.shape[-1] in (0, 4):
        return np.zeros((0, 4), np.float32)
    if values.dtype.kind not in "iuf":
        raise InvalidInputError(f"{shown} has dtype {cut_text(str(values.dtype))}; {EXPECTED}")
    if values.shape != (4,) and (values.ndim != 2 or values.shape[1] != 4):
        raise InvalidInputError(f"{shown} has shape {excerpt(values.shape)}; {EXPECTED}")
    rows = values.reshape(-1, 4)
    for index, row in enumerate(rows.tolist()):
        problem = _problem_of(*row, width=width, height=height)
        if problem:
            x0, y0, x1, y1 = row
            raise InvalidInputError(
                f"{shown}[{index}] is ({x0:g}, {y0:g}, {x1:g}, {y1:g}){problem}"
            )
    return np.ascontiguousarray(rows, np.float32)


def _problem_of(
    x0: float, y0: float, x1: float, y1: float, *, width: int, height: int
) -> str | None:
    """Say what is wrong with a box, or None; texts are built only for boxes that are wrong."""
    if not (isfinite(x0) and isfinite(y0) and isfinite(x1) and isfinite(y1)):
        return "; expected finite numbers: drop faces without a box"
    if x1 <= x0 or y1 <= y0:
        return "; expected x0 < x1 and y0 < y1: corners, not x, y, width, height"
    if x0 >= width or y0 >= height or x1 <= 0 or y1 <= 0:
        return f", wholly outside the image of {width} x {height} pixels: drop it"
    if max(x1 - x0, y1 - y0) > LARGEST_BOX_RATIO * max(width, height):
        return f", far larger than the image of {width} x {height} pixels: is it in pixels?"
    return None
