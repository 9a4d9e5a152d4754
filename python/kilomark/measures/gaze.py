"""Where the eyes look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kilomark.measures.contours import corners
from kilomark.measures.face_frame import face_frame, mean_face, rotation_of

if TYPE_CHECKING:
    from kilomark.faces import Face
    from kilomark.topology import Topology

__all__ = ["Gaze", "gaze"]

EYEBALL_RADIUS_IN_IRIS_DIAMETERS = 12.0 / 11.7
"""An adult's eyeball has a radius of about 12 mm, the visible iris a diameter of 11.7 mm."""


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

    In the face's frame, the pupil's offset from its place on the mean face, relative to the eye's
    corners, is ``radius * sin(angle)``. The radius of the eyeball is 12 / 11.7 iris diameters. The
    head's rotation then turns the direction into the camera's frame. Both eyes are averaged.
    The accuracy on people has not been measured.

    Raises:
        InvalidInputError: the bundle has no mean face, eyes or irises, or there is no pose.
    """
    points, mean = face_frame(face), mean_face(face)
    offsets = np.mean(
        [_offset(points, mean, face.topology, side) for side in ("right", "left")], axis=0
    )
    in_head = np.array([*offsets, -np.sqrt(max(1.0 - float((offsets**2).sum()), 1e-6))])
    in_head /= np.linalg.norm(in_head)
    turned = rotation_of(face) @ in_head
    yaw, pitch = _angles(turned)
    eye_yaw, eye_pitch = _angles(in_head)
    x, y, z = (float(value) for value in turned)
    return Gaze(yaw, pitch, (x, y, z), eye_yaw, eye_pitch)


def _offset(
    points: npt.NDArray[np.float64],
    mean: npt.NDArray[np.float64],
    topology: Topology,
    side: str,
) -> npt.NDArray[np.float64]:
    """Offset (2,) of the pupil from its place on the mean face, in radii of the eyeball."""
    placed = _pupil_in_eye(points, topology, side) - _pupil_in_eye(mean, topology, side)
    iris = points[topology.group(f"{side}_iris").indices, :2]
    diameter = 2 * float(np.linalg.norm(iris - iris.mean(axis=0), axis=1).mean())
    offset = placed / max(diameter * EYEBALL_RADIUS_IN_IRIS_DIAMETERS, 1e-9)
    return np.asarray(np.clip(offset, -0.9, 0.9))


def _pupil_in_eye(
    points: npt.NDArray[np.float64], topology: Topology, side: str
) -> npt.NDArray[np.float64]:
    outer, inner = corners(points, topology, f"{side}_eye")
    pupil = points[topology.group(f"{side}_pupil").start]
    return np.asarray((pupil - (outer + inner) / 2)[:2])


def _angles(direction: npt.NDArray[np.float64]) -> tuple[float, float]:
    x, y, z = direction
    yaw = np.degrees(np.arctan2(-x, -z))
    pitch = np.degrees(np.arctan2(y, np.hypot(x, z)))
    return float(yaw), float(pitch)
