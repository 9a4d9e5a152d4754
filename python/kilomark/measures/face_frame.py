"""Landmarks turned back to the front, so that measures do not depend on the head's pose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kilomark.errors import InvalidInputError
from kilomark.pose import fit_rotation

if TYPE_CHECKING:
    from kilomark.faces import Face
    from kilomark.topology import Topology

__all__ = ["face_frame", "mean_face", "rigid_landmarks", "rotation_of", "turned_to_front"]

RIGID_WORDS = ("eye", "ridge", "wings")
"""Last words of the names of groups that expressions hardly move."""

FEWEST_RIGID = 20

NO_MEAN_SHAPE = (
    "this network's manifest has no mean_shape, so the face cannot be turned to the front; "
    "use a bundle with a mean face, such as resnext50"
)
NO_POSE = (
    "the landmarks of this face have no pose: they are not finite or lie on one line; expected the "
    "landmarks of a face"
)


def mean_face(face: Face) -> npt.NDArray[np.float64]:
    """Return the mean face of the network, (K, 3), its outer eye corners 1 apart.

    Raises:
        InvalidInputError: the network's bundle has no mean face.
    """
    mean = face.topology.mean_shape
    if mean is None:
        raise InvalidInputError(NO_MEAN_SHAPE)
    return np.asarray(mean, np.float64)


def rotation_of(face: Face) -> npt.NDArray[np.float64]:
    """Fit the (3, 3) rotation of the head against the mean face; see `kilomark.pose`.

    Only `rigid_landmarks` count, so that an open mouth or raised brows do not turn the head.

    Raises:
        InvalidInputError: the landmarks are not finite or all lie on one line.
    """
    rigid = rigid_landmarks(face.topology)
    rotation = fit_rotation(face.landmarks[rigid], mean_face(face)[rigid])
    if rotation is not None and not np.isfinite(face.landmarks).all():
        rotation = None
    if rotation is None:
        raise InvalidInputError(NO_POSE)
    return rotation


def face_frame(face: Face) -> npt.NDArray[np.float64]:
    """Turn the landmarks of a face to the front.

    The camera is scaled orthographic: ``image = scale * (R @ point)[:2] + shift``. The depth of
    each landmark is that of the mean face; the rotation's inverse then gives the frontal face.

    Returns:
        (K, 3) x to the right of the image, y down, z away from the camera, centered, in units of
        the mean face: its outer eye corners are 1 apart. Scale and rotation are those of
        `rigid_landmarks`.

    Raises:
        InvalidInputError: the bundle has no mean face, or the landmarks have no pose.
    """
    return turned_to_front(face, rotation_of(face))


def turned_to_front(face: Face, rotation: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return `face_frame` for a rotation of the head that is known."""
    mean = mean_face(face)
    rigid = rigid_landmarks(face.topology)
    posed = (mean - mean[rigid].mean(axis=0)) @ rotation.T
    image = np.asarray(face.landmarks, np.float64)
    image = image - image[rigid].mean(axis=0)
    flat = posed[rigid, :2]
    scale = float((image[rigid] * flat).sum() / (flat**2).sum())
    frame = np.column_stack([image / scale, posed[:, 2]]) @ rotation
    return np.asarray(frame - frame.mean(axis=0))


def rigid_landmarks(topology: Topology) -> npt.NDArray[np.bool_]:
    """Return (K,) whether a landmark lies on a part of the head that expressions hardly move.

    These are eyes, nose and the oval above the nose's tip. Lips, chin, brows, irises and pupils are
    left out. All landmarks count for a network that has none of the groups.
    """
    rigid = np.zeros(topology.num_landmarks, bool)
    for group in topology.groups.values():
        if group.name.rpartition("_")[2] in RIGID_WORDS:
            rigid[group.indices] = True
    oval, nose = topology.groups.get("face_oval"), topology.groups.get("nose_ridge")
    if oval is not None and nose is not None and topology.mean_shape is not None:
        heights = np.asarray(topology.mean_shape)[:, 1]
        rigid[oval.indices] = heights[oval.indices] < heights[nose.indices].max()
    return rigid if rigid.sum() >= FEWEST_RIGID else np.ones_like(rigid)
