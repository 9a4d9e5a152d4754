"""Where the eyes look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kilomark.measures.contours import corners
from kilomark.measures.face_frame import mean_face, rotation_of, turned_to_front

if TYPE_CHECKING:
    from kilomark.faces import Face
    from kilomark.topology import Topology

__all__ = ["Gaze", "gaze", "gaze_in"]

PUPIL_DISTANCE_IN_IRIS_DIAMETERS = 10.45 / 11.7
"""From the eye's center of rotation, in diameters of the visible iris, which is 11.7 mm wide.

The center lies 13.5 mm behind the cornea (Fry and Hill 1962), the pupil as it is seen 3.05 mm
behind it (Gullstrand's eye).
"""

LARGEST_OFFSET = 0.98
"""In radii: a gaze of 79 degrees away from the camera. Noise may place pupils further out."""


@dataclass(frozen=True, slots=True)
class Gaze:
    """The direction of the gaze against the camera's axis, both eyes' mean."""

    yaw_deg: float
    """Positive towards the left edge of the image, as for the head's pose."""
    pitch_deg: float
    """Positive downwards."""
    direction: tuple[float, float, float]
    """Unit vector: x to the right of the image, y down, z away from the camera."""
    eye_yaw_deg: float
    """The eyes' turn in the head, without the head's."""
    eye_pitch_deg: float


def gaze(face: Face) -> Gaze:
    """Estimate the direction of the gaze from irises and head pose.

    The pupil moves on a sphere around the eye's center of rotation. That center lies behind the
    place of the pupil on the mean face, and turns with the head. The pupil's offset from it in the
    image is ``radius * direction[:2]``, and the direction's depth follows from its length. The
    radius is 10.45 / 11.7 iris diameters. Both eyes are averaged.

    Raises:
        InvalidInputError: the bundle has no mean face, eyes or irises, or there is no pose.
    """
    rotation = rotation_of(face)
    return gaze_in(turned_to_front(face, rotation), mean_face(face), rotation, face.topology)


def gaze_in(
    points: npt.NDArray[np.float64],
    mean: npt.NDArray[np.float64],
    rotation: npt.NDArray[np.float64],
    topology: Topology,
) -> Gaze:
    """Estimate `gaze` from a `face_frame` (K, 3), the mean face (K, 3) and the head's rotation."""
    offset = np.mean(
        [_offset(points, mean, rotation, topology, side) for side in ("right", "left")], axis=0
    )
    offset *= min(1.0, LARGEST_OFFSET / max(float(np.linalg.norm(offset)), 1e-9))
    turned = np.array([*offset, -np.sqrt(1.0 - float((offset**2).sum()))])
    yaw, pitch = _angles(turned)
    eye_yaw, eye_pitch = _angles(rotation.T @ turned)
    x, y, z = (float(value) for value in turned)
    return Gaze(yaw, pitch, (x, y, z), eye_yaw, eye_pitch)


def _offset(
    points: npt.NDArray[np.float64],
    mean: npt.NDArray[np.float64],
    rotation: npt.NDArray[np.float64],
    topology: Topology,
    side: str,
) -> npt.NDArray[np.float64]:
    """Offset (2,) in the image of the pupil from the eye's center of rotation, in radii."""
    in_image = points @ rotation.T
    iris = in_image[topology.group(f"{side}_iris").indices, :2]
    # The iris is seen as an ellipse. Its longer axis stays when the eye turns.
    diameter = 2 * np.sqrt(2 * np.linalg.eigvalsh(np.cov(iris.T, bias=True))[-1])
    radius = max(float(diameter) * PUPIL_DISTANCE_IN_IRIS_DIAMETERS, 1e-9)
    pupil = topology.group(f"{side}_pupil").start
    ahead = _middle(points, topology, side) + mean[pupil] - _middle(mean, topology, side)
    center = ahead + np.array([0.0, 0.0, radius])
    return np.asarray((in_image[pupil] - rotation @ center)[:2] / radius)


def _middle(
    points: npt.NDArray[np.float64], topology: Topology, side: str
) -> npt.NDArray[np.float64]:
    """Middle (3,) between an eye's corners."""
    outer, inner = corners(points, topology, f"{side}_eye")
    return np.asarray((outer + inner) / 2)


def _angles(direction: npt.NDArray[np.float64]) -> tuple[float, float]:
    x, y, z = direction
    yaw = np.degrees(np.arctan2(-x, -z))
    pitch = np.degrees(np.arctan2(y, np.hypot(x, z)))
    return float(yaw), float(pitch)
