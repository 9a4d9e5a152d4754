"""Landmarks turned back to the front, so that measures do not depend on the head's pose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kilomark.errors import InvalidInputError
from kilomark.pose import fit_rotation

if TYPE_CHECKING:
    from kilomark.faces import Face

__all__ = ["face_frame", "mean_face", "rotation_of"]


def mean_face(face: Face) -> npt.NDArray[np.float64]:
    """Return the mean face of the network, (K, 3), its outer eye corners 1 apart.

    Raises:
        InvalidInputError: the network's bundle has no mean face.
    """
    mean = face.topology.mean_shape
    if mean is None:
        raise InvalidInputError(
            "this network's manifest has no mean_shape, so the face cannot be turned to the front; "
            "use a bundle with a mean face, such as resnext50"
        )
    return np.asarray(mean, np.float64)


def rotation_of(face: Face) -> npt.NDArray[np.float64]:
    """Fit the (3, 3) rotation of the head against the mean face; see `kilomark.pose`.

    Raises:
        InvalidInputError: the landmarks are not finite or all lie on one line.
    """
    rotation = fit_rotation(face.landmarks, mean_face(face))
    if rotation is None:
        raise InvalidInputError(
            "the landmarks of this face have no pose: they are not finite or lie on one line; "
            "expected the landmarks of a face"
        )
    return rotation


def face_frame(face: Face) -> npt.NDArray[np.float64]:
    """Turn the landmarks of a face to the front.

    The camera is scaled orthographic: ``image = scale * (R @ point)[:2] + shift``. The depth of
    each landmark is that of the mean face; the rotation's inverse then gives the frontal face.

    Returns:
        (K, 3) x to the right of the image, y down, z away from the camera, centered, in units of
        the mean face: its outer eye corners are 1 apart.

    Raises:
        InvalidInputError: the bundle has no mean face, or the landmarks have no pose.
    """
    rotation = rotation_of(face)
    mean = mean_face(face)
    mean = mean - mean.mean(axis=0)
    posed = mean @ rotation.T
    image = np.asarray(face.landmarks, np.float64)
    image = image - image.mean(axis=0)
    scale = float((image * posed[:, :2]).sum() / (posed[:, :2] ** 2).sum())
    return np.asarray(np.column_stack([image / scale, posed[:, 2]]) @ rotation)
