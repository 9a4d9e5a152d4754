"""The head's pose as three axes to draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kilomark.measures.face_frame import rotation_of

if TYPE_CHECKING:
    from kilomark.faces import Face

__all__ = ["head_axes"]


def head_axes(face: Face, length_px: float | None = None) -> npt.NDArray[np.float32]:
    """Return the head's axes as lines in the image.

    Args:
        face: of a network with a mean face.
        length_px: of an axis that lies in the image's plane; by default half of the box's longer
            side.

    Returns:
        (4, 2) pixels: the origin between the eyes and the nose's tip (of a network without
        ``nose_ridge``: the landmarks' center), then the ends of the axes to
        the right of the face as pictured, down, and out of the face towards the viewer.

    Raises:
        InvalidInputError: the bundle has no mean face, or the landmarks have no pose.
    """
    rotation = rotation_of(face)
    if length_px is None:
        length_px = float(max(face.box[2] - face.box[0], face.box[3] - face.box[1])) / 2
    has_nose = "nose_ridge" in face.topology.groups
    origin = (face.group("nose_ridge") if has_nose else face.landmarks).mean(axis=0)
    ends = np.diag([1.0, 1.0, -1.0]) @ rotation.T
    return np.asarray(np.vstack([origin, origin + length_px * ends[:, :2]]), np.float32)
