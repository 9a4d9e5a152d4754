"""Head pose from landmarks, by a scaled-orthographic camera.

The affine camera that best takes the mean 3-D face to the landmarks is a linear least-squares
problem; the rotation nearest to it is the pose. This is the first step of POSIT (DeMenthon and
Davis, "Model-Based Object Pose in 25 Lines of Code", IJCV 15, 1995), with the nearest rotation
taken by a singular value decomposition (Horn, Hilden and Negahdaripour, "Closed-form solution of
absolute orientation using orthonormal matrices", JOSA A 5, 1988).

Axes: x right in the image, y down, z away from the camera. Signs, as seen in the image:

* yaw > 0: the face looks towards the left edge of the image (the subject's right);
* pitch > 0: the face looks down;
* roll > 0: the head is tilted clockwise.

The rotation is ``Rz(roll) @ Ry(yaw) @ Rx(pitch)``, right-handed about those axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Pose", "fit_pose", "fit_rotation", "to_rotation"]


@dataclass(frozen=True, slots=True)
class Pose:
    """The rotation of a head against the mean frontal face, in degrees."""

    yaw_deg: float
    """-90 to 90; positive towards the left edge of the image."""
    pitch_deg: float
    """-180 to 180; positive downwards."""
    roll_deg: float
    """-180 to 180; positive clockwise in the image."""


def fit_pose(
    landmarks: npt.NDArray[np.floating[Any]], mean_shape: npt.NDArray[np.floating[Any]]
) -> Pose | None:
    """Fit the pose of a face.

    Args:
        landmarks: (K, 2) x, y in pixels, or (K, 3) with z away from the camera.
        mean_shape: (K, 3) the same landmarks on the mean face, in any unit.

    Returns:
        The pose, or None where there is none to find: landmarks that are not finite or that all
        lie on one line.
    """
    rotation = fit_rotation(landmarks, mean_shape)
    if rotation is None:
        return None
    yaw = np.arcsin(np.clip(-rotation[2, 0], -1.0, 1.0))
    pitch = np.arctan2(rotation[2, 1], rotation[2, 2])
    roll = np.arctan2(rotation[1, 0], rotation[0, 0])
    return Pose(*(float(np.rad2deg(angle)) for angle in (yaw, pitch, roll)))


def fit_rotation(
    landmarks: npt.NDArray[np.floating[Any]], mean_shape: npt.NDArray[np.floating[Any]]
) -> npt.NDArray[np.float64] | None:
    """Fit the (3, 3) rotation that turns ``mean_shape`` (K, 3) as ``landmarks`` show it.

    Landmarks (K, 2) give it through an affine camera. Landmarks (K, 3) give it by Horn's closed
    form, which holds to +-90 degrees.
    """
    if not np.isfinite(landmarks).all():
        return None
    shape = np.asarray(mean_shape, np.float64)
    image = np.asarray(landmarks, np.float64)
    shape = shape - shape.mean(axis=0)
    image = image - image.mean(axis=0)
    if image.shape[1] == 3:
        left, scales, right = np.linalg.svd(image.T @ shape)
        if scales[1] <= 1e-9 * max(scales[0], 1.0):
            return None
        proper = np.diag([1.0, 1.0, np.linalg.det(left @ right)])
        rotated: npt.NDArray[np.float64] = left @ proper @ right
        return rotated
    camera = np.linalg.lstsq(shape, image, rcond=None)[0].T
    left, scales, right = np.linalg.svd(camera, full_matrices=False)
    if scales[1] <= 1e-9 * max(scales[0], 1.0):
        return None
    (ax, ay, az), (bx, by, bz) = rows = left @ right
    # By hand: np.cross takes as long as both decompositions above.
    return np.vstack([rows, [ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx]])


def to_rotation(pose: Pose) -> npt.NDArray[np.float64]:
    """Convert a pose to its (3, 3) rotation matrix."""
    yaw, pitch, roll = np.deg2rad([pose.yaw_deg, pose.pitch_deg, pose.roll_deg])
    about_x = [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
    about_y = [[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]]
    about_z = [[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]]
    return np.asarray(about_z) @ np.asarray(about_y) @ np.asarray(about_x)
