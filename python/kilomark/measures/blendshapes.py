"""ARKit-style blendshape coefficients, as far as contours determine them.

Each coefficient is a ramp over one geometric measure of the face's frame::

    coefficient = clip((measure - measure of the mean face) / range, 0, 1)

The ranges are set by hand so that 1 is about the strongest expression that people make. They are
not fitted to ARKit's output: use the coefficients to drive an avatar, not to compare with ARKit's.
Twelve of the 52 cannot be seen in contours, `UNDETERMINED_BLENDSHAPES`, and are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kilomark.measures.contours import corners, distance, gap
from kilomark.measures.face_frame import face_frame, mean_face
from kilomark.measures.gaze import gaze

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kilomark.faces import Face
    from kilomark.topology import Topology

__all__ = ["BLENDSHAPES", "UNDETERMINED_BLENDSHAPES", "blendshapes"]

UNDETERMINED_BLENDSHAPES = (
    "cheekPuff",
    "cheekSquintLeft",
    "cheekSquintRight",
    "jawForward",
    "mouthDimpleLeft",
    "mouthDimpleRight",
    "mouthPressLeft",
    "mouthPressRight",
    "mouthShrugLower",
    "mouthShrugUpper",
    "mouthClose",
    "tongueOut",
)
"""Coefficients of ARKit that need more than contours: cheeks, depth of the jaw, the tongue."""

LOOK_RANGE_DEG = 30.0
"""Turn of the eye at which a look counts as full."""

# Measure and its change from rest to 1, in distances of the outer eye corners unless noted.
_RAMPS: Mapping[str, tuple[str, float]] = {
    "browDown": ("brow_height", -0.05),
    "browOuterUp": ("brow_outer_height", 0.08),
    "eyeBlink": ("eye_openness_share", -1.0),  # share of the mean face's
    "eyeSquint": ("eye_lower_lid", 0.03),
    "eyeWide": ("eye_openness_share", 0.6),
    "mouthFrown": ("mouth_corner_height", -0.06),
    "mouthLowerDown": ("lower_lip_drop", 0.10),
    "mouthSmile": ("mouth_corner_height", 0.10),
    "mouthStretch": ("mouth_corner_side", 0.10),
    "mouthUpperUp": ("upper_lip_raise", 0.06),
    "noseSneer": ("nose_wing_height", 0.04),
}
_MIDDLE_RAMPS: Mapping[str, tuple[str, float]] = {
    "browInnerUp": ("brow_inner_height", 0.08),
    "jawLeft": ("chin_side", 0.10),
    "jawOpen": ("jaw_drop", 0.45),
    "jawRight": ("chin_side", -0.10),
    "mouthFunnel": ("mouth_roundness", 0.8),
    "mouthLeft": ("mouth_side", 0.10),
    "mouthPucker": ("mouth_width", -0.20),
    "mouthRight": ("mouth_side", -0.10),
    "mouthRollLower": ("lower_lip_thickness", -0.10),
    "mouthRollUpper": ("upper_lip_thickness", -0.08),
}
_LOOKS = ("eyeLookDown", "eyeLookIn", "eyeLookOut", "eyeLookUp")

BLENDSHAPES = tuple(
    sorted(
        [f"{name}{side}" for name in (*_RAMPS, *_LOOKS) for side in ("Left", "Right")]
        + list(_MIDDLE_RAMPS)
    )
)
"""The names of the coefficients that `blendshapes` returns."""


def blendshapes(face: Face) -> dict[str, float]:
    """Estimate the ARKit-style coefficients of a face, from 0 to 1 each.

    ``Left`` and ``Right`` are the subject's. The mean face has 0 everywhere, up to noise of a few
    hundredths; a person whose resting face differs from the mean has constant offsets.

    Returns:
        A value for each name of `BLENDSHAPES`.

    Raises:
        InvalidInputError: the bundle has no mean face or not these groups, or there is no pose.
    """
    points, mean = face_frame(face), mean_face(face)
    found: dict[str, float] = {}
    for side in ("left", "right"):
        measures = _side_measures(points, face.topology, side)
        at_rest = _side_measures(mean, face.topology, side)
        measures["eye_openness_share"] /= max(at_rest["eye_openness_share"], 1e-9)
        at_rest["eye_openness_share"] = 1.0
        for name, (measure, span) in _RAMPS.items():
            found[name + side.capitalize()] = _ramp(measures[measure] - at_rest[measure], span)
    middle, middle_at_rest = (
        _middle_measures(points, face.topology),
        _middle_measures(mean, face.topology),
    )
    for name, (measure, span) in _MIDDLE_RAMPS.items():
        found[name] = _ramp(middle[measure] - middle_at_rest[measure], span)
    found |= _looks(face)
    return {name: found[name] for name in BLENDSHAPES}


def _ramp(change: float, span: float) -> float:
    return float(np.clip(change / span, 0.0, 1.0))


def _side_measures(
    points: npt.NDArray[np.float64], topology: Topology, side: str
) -> dict[str, float]:
    sign = 1.0 if side == "left" else -1.0  # the subject's left lies at larger x
    outer, inner = corners(points, topology, f"{side}_eye")
    eye = (outer + inner) / 2
    brow = points[topology.group(f"{side}_brow").indices]
    lips_right, lips_left = corners(points, topology, "outer_lips")
    corner = lips_left if side == "left" else lips_right
    nose = points[topology.group("nose_ridge").indices][-1]
    wings = points[topology.group("nose_wings").indices]
    wing = wings[: len(wings) // 3] if side == "right" else wings[-len(wings) // 3 :]
    inner_lips = points[topology.group("inner_lips").indices]
    upper, lower = _inner_lip_of_side(inner_lips, side)
    lid = points[topology.group(f"{side}_eye").indices]
    return {
        "brow_height": float(eye[1] - brow[:, 1].mean()),
        "brow_outer_height": float(eye[1] - brow[[0, 1, -1], 1].mean()),
        "eye_openness_share": gap(points, topology, f"{side}_eye") / distance(outer, inner),
        "eye_lower_lid": float(eye[1] - lid[len(lid) // 4, 1]),
        "mouth_corner_height": float(nose[1] - corner[1]),
        "mouth_corner_side": sign * float(corner[0] - nose[0]),
        "upper_lip_raise": float(nose[1] - upper[1]),
        "lower_lip_drop": float(lower[1] - upper[1]) / 2,
        "nose_wing_height": float(eye[1] - wing[:, 1].mean()),
    }


def _inner_lip_of_side(
    inner_lips: npt.NDArray[np.float64], side: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Points of the upper and the lower inner lip, a quarter of the way from the middle."""
    half = len(inner_lips) // 2
    step = round(half * (0.35 if side == "right" else 0.65))
    return inner_lips[len(inner_lips) - step], inner_lips[step]


def _middle_measures(points: npt.NDArray[np.float64], topology: Topology) -> dict[str, float]:
    inner_ends = [
        points[topology.group(f"{side}_brow").indices][topology.group(f"{side}_brow").count // 2]
        for side in ("right", "left")
    ]
    eyes = [np.mean(corners(points, topology, f"{side}_eye"), axis=0) for side in ("right", "left")]
    nose = points[topology.group("nose_ridge").indices][-1]
    oval = topology.group("face_oval")
    chin = points[oval.start + oval.count // 2]
    right, left = corners(points, topology, "outer_lips")
    open_gap = gap(points, topology, "inner_lips")
    width = distance(right, left)
    outer = points[topology.group("outer_lips").indices]
    inner = points[topology.group("inner_lips").indices]
    return {
        "brow_inner_height": float(
            np.mean([e[1] - b[1] for e, b in zip(eyes, inner_ends, strict=True)])
        ),
        "chin_side": float(chin[0] - nose[0]),
        "jaw_drop": open_gap,
        "mouth_roundness": open_gap / max(width, 1e-9),
        "mouth_side": float((right[0] + left[0]) / 2 - nose[0]),
        "mouth_width": width,
        "lower_lip_thickness": float(outer[len(outer) // 4, 1] - inner[len(inner) // 4, 1]),
        "upper_lip_thickness": float(inner[3 * len(inner) // 4, 1] - outer[3 * len(outer) // 4, 1]),
    }


def _looks(face: Face) -> dict[str, float]:
    """Directions of the eyes in the head; both eyes look alike."""
    seen = gaze(face)
    to_right = seen.eye_yaw_deg / LOOK_RANGE_DEG  # the subject's right
    down = seen.eye_pitch_deg / LOOK_RANGE_DEG
    return {
        "eyeLookDownLeft": _ramp(down, 1.0),
        "eyeLookDownRight": _ramp(down, 1.0),
        "eyeLookUpLeft": _ramp(-down, 1.0),
        "eyeLookUpRight": _ramp(-down, 1.0),
        "eyeLookInLeft": _ramp(to_right, 1.0),
        "eyeLookOutLeft": _ramp(-to_right, 1.0),
        "eyeLookInRight": _ramp(-to_right, 1.0),
        "eyeLookOutRight": _ramp(to_right, 1.0),
    }
