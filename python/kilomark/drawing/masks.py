"""The areas of landmark groups as masks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kilomark import _core
from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt

if TYPE_CHECKING:
    from kilomark.faces import Face

__all__ = ["group_mask"]


def group_mask(face: Face, name: str, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Return the area within a closed group, such as ``"face_oval"`` or ``"outer_lips"``.

    Args:
        face: its landmarks in pixels.
        name: of the group.
        size: width and height of the image.

    Returns:
        (H, W) uint8: 255 inside, 0 outside, in between at the edge.

    Raises:
        InvalidInputError: there is no such group, or it is not closed.
    """
    if not face.topology.group(name).closed:
        closed = [group.name for group in face.topology.groups.values() if group.closed]
        raise InvalidInputError(
            f"the landmark group {excerpt(name)} is an open curve without an area; expected one of "
            f"{', '.join(closed)}"
        )
    width, height = size
    mask = np.zeros((height, width, 1), np.uint8)
    points = np.ascontiguousarray(face.group(name), np.float32)
    _core.paint(mask, [(points, "fill", 1.0, (255, 0, 0, 0), 1.0)])
    return mask[..., 0]
