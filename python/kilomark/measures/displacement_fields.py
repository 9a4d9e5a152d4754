"""How each ARKit coefficient moves the landmarks of a face that looks straight ahead.

Meanings are those of ARKit (Apple, "ARFaceAnchor.BlendShapeLocation"); the action units are those
of FACS (Ekman and Friesen, "Facial Action Coding System", 1978). Axes are those of the mean face: x
to the right in the image, y down, z away from the camera; the outer eye corners are 1 apart, about
90 mm. ``Left`` is the subject's left, at larger x. The strengths are rough; `blendshape_model`
multiplies each field by a range that was fitted to real faces.

| coefficient | action unit | what moves |
|---|---|---|
| eyeBlink | 45 | the upper lid slides down, the lower lid a little up, until they meet |
| eyeSquint | 7 | the lower lid rises |
| eyeWide | 5 | the upper lid rises |
| browDown | 4 | the brow sinks, its inner end most and towards the middle |
| browInnerUp | 1 | the inner ends of both brows rise |
| browOuterUp | 2 | the outer end of the brow rises |
| noseSneer | 9 | the wing of the nose rises, and the upper lip with it |
| jawOpen | 26, 27 | the jaw turns about the axis through its joints |
| jawForward | 29 | chin and lower lip come forward |
| jawLeft, jawRight | 30 | the chin moves sideways, the lower lip with it |
| mouthLeft, mouthRight | | both lips move sideways, the chin stays |
| mouthSmile | 12 | the corner of the mouth moves up, out and back |
| mouthFrown | 15 | the corner moves down |
| mouthDimple | 14 | the corner moves back and a little out |
| mouthStretch | 20 | the corner moves out and down |
| mouthPucker | 18 | the lips become narrow, thicker, and come forward |
| mouthFunnel | 22 | the lips become narrow, open round, and come forward |
| mouthRollUpper, mouthRollLower | 28 | the red of a lip turns inwards |
| mouthPress | 24 | both lips become thin at one side |
| mouthShrugUpper | | the upper lip rises as a whole and comes forward |
| mouthShrugLower | 17 | the lower lip and the chin rise |
| mouthUpperUp | 10 | the upper lip rises at one side |
| mouthLowerDown | 16 | the lower lip sinks at one side |
| mouthClose | | the lips meet although the jaw is open |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from kilomark.topology import Topology

__all__ = ["displacement_fields"]

Floats = npt.NDArray[np.float64]

JAW_ANGLE_DEG = 20.0
JAW_JOINT_Y, JAW_JOINT_Z = 0.05, 0.55
"""Axis of the jaw: through both joints, in front of the ears."""


def displacement_fields(points: Floats, topology: Topology) -> dict[str, Floats]:
    """Return how far each coefficient moves each landmark at strength 1.

    Args:
        points: (K, 3) a face at rest, in the units and axes of the mean face.
        topology: of the same landmarks.

    Returns:
        (K, 3) for each coefficient.

    Raises:
        InvalidInputError: the topology lacks a group.
    """
    parts = _Parts(points, topology)
    fields = _mouth_fields(parts) | _jaw_fields(parts)
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        fields |= {f"{name}{side}": field for name, field in _eye_fields(parts, side).items()}
        fields |= {f"{name}{side}": field for name, field in _brow_fields(parts, side).items()}
        fields |= {f"{name}{side}": field for name, field in _corner_fields(parts, sign).items()}
        fields |= {f"{name}{side}": field for name, field in _lip_side_fields(parts, sign).items()}
    fields["browInnerUp"] = fields.pop("browInnerUpLeft") + fields.pop("browInnerUpRight")
    return fields


class _Parts:
    """Weights (K,) that say how far a landmark belongs to a part of the face."""

    def __init__(self, points: Floats, topology: Topology) -> None:
        self.points, self.topology = points, topology
        zeros = np.zeros(len(points))
        self.upper_lip, self.lower_lip = zeros.copy(), zeros.copy()
        self.is_inner, self.is_outer = zeros.copy(), zeros.copy()
        for name, chosen in (("outer_lips", self.is_outer), ("inner_lips", self.is_inner)):
            group = topology.group(name)
            along = np.arange(group.count) * 2 / group.count  # 0 to 1 below, 1 to 2 above
            chosen[group.indices] = 1.0
            self.lower_lip[group.indices] = (along > 0) & (along < 1)
            self.upper_lip[group.indices] = along > 1
        self.lips = self.is_inner + self.is_outer
        outer = points[topology.group("outer_lips").indices]
        half = len(outer) // 2
        self.mouth = (outer[0] + outer[half]) / 2
        self.mouth_width = float(outer[half, 0] - outer[0, 0])
        self.across = np.clip(2 * (points[:, 0] - self.mouth[0]) / self.mouth_width, -1, 1)
        """-1 at the right corner of the mouth, 1 at the left one."""
        self.middle = self.lips * (1 - self.across**2)
        """1 in the middle of the lips, 0 at the corners."""
        self.jaw = self._jaw()

    def of_side(self, sign: float) -> Floats:
        """0 up to the middle of the lips, 1 at a corner."""
        return np.asarray(self.lips * _smooth(sign * self.across))

    def group(self, name: str) -> Floats:
        chosen = np.zeros(len(self.points))
        chosen[self.topology.group(name).indices] = 1.0
        return chosen

    def _jaw(self) -> Floats:
        """How far a landmark follows the jaw: chin and lower lip wholly, the corners by half."""
        weight = np.zeros(len(self.points))
        oval = self.topology.group("face_oval").indices
        lowest = self.points[oval, 1].max()
        top = self.mouth[1] - 0.35 * (lowest - self.mouth[1])
        weight[oval] = _smooth((self.points[oval, 1] - top) / (lowest - top))
        follows = 0.35 + 0.65 * np.sqrt(np.clip(1 - self.across**2, 0, 1))
        weight += self.lips * np.where(self.lower_lip > 0, follows, 0.0)
        corner = (self.lips > 0) & (self.lower_lip == 0)
        return np.asarray(weight + corner * 0.35 * self.across**4)


def _smooth(share: Floats) -> Floats:
    share = np.clip(share, 0.0, 1.0)
    return np.asarray(share**2 * (3 - 2 * share))


def _along(weight: Floats, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Floats:
    return np.asarray(weight[:, None] * np.array([x, y, z]))


def _eye_fields(parts: _Parts, side: str) -> dict[str, Floats]:
    group = parts.topology.group(f"{side.lower()}_eye")
    steps = np.arange(1, group.count // 2)
    lower, upper = group.start + steps, group.start + group.count - steps
    opening = parts.points[lower] - parts.points[upper]
    opening[:, 2] = 0.0
    blink, squint, wide = (np.zeros_like(parts.points) for _ in range(3))
    blink[upper], blink[lower] = 0.9 * opening, -0.1 * opening
    squint[lower], squint[upper] = -0.45 * opening, 0.05 * opening
    wide[upper], wide[lower] = -0.5 * opening, 0.05 * opening
    return {"eyeBlink": blink, "eyeSquint": squint, "eyeWide": wide}


def _brow_fields(parts: _Parts, side: str) -> dict[str, Floats]:
    brow = parts.group(f"{side.lower()}_brow")
    sign = 1.0 if side == "Left" else -1.0
    x = sign * parts.points[:, 0]
    low, high = x[brow > 0].min(), x[brow > 0].max()
    inner = brow * np.clip((high - x) / (high - low), 0, 1)
    return {
        "browDown": _along(0.5 * (brow + inner), y=0.06) + _along(inner, x=-0.02 * sign),
        "browInnerUp": _along(inner, y=-0.09),
        "browOuterUp": _along(brow - inner, y=-0.09),
    }


def _corner_fields(parts: _Parts, sign: float) -> dict[str, Floats]:
    corner = parts.of_side(sign)
    return {
        "mouthSmile": _along(corner, 0.06 * sign, -0.09, 0.05),
        "mouthFrown": _along(corner, 0.0, 0.07, 0.0),
        "mouthDimple": _along(corner**2, 0.04 * sign, 0.0, 0.06),
        "mouthStretch": _along(corner, 0.08 * sign, 0.02, 0.03),
    }


def _lip_side_fields(parts: _Parts, sign: float) -> dict[str, Floats]:
    """Fields of one half of the lips and of one wing of the nose."""
    half = parts.middle * _smooth(0.5 + 1.5 * sign * parts.across)
    wing = parts.group("nose_wings") * _smooth(8 * sign * parts.points[:, 0])
    upper, lower = half * parts.upper_lip, half * parts.lower_lip
    thin = parts.is_outer * 0.03 + parts.is_inner * 0.005
    return {
        "noseSneer": _along(wing, y=-0.05) + _along(upper, y=-0.02),
        "mouthUpperUp": _along(upper, y=-0.06),
        "mouthLowerDown": _along(lower, y=0.08),
        "mouthPress": _along(thin * (upper - lower), y=1.0),
    }


def _jaw_fields(parts: _Parts) -> dict[str, Floats]:
    angle = np.deg2rad(JAW_ANGLE_DEG)
    y, z = parts.points[:, 1] - JAW_JOINT_Y, parts.points[:, 2] - JAW_JOINT_Z
    turned_y = np.cos(angle) * y - np.sin(angle) * z
    turned_z = np.sin(angle) * y + np.cos(angle) * z
    jaw = parts.jaw
    opened = np.column_stack([np.zeros_like(y), jaw * (turned_y - y), jaw * (turned_z - z)])
    sideways = np.where(parts.lips > 0, 0.6 * jaw, jaw)
    return {
        "jawOpen": opened,
        "jawForward": _along(jaw, z=-0.08),
        "jawLeft": _along(sideways, x=0.12),
        "jawRight": _along(sideways, x=-0.12),
        "mouthClose": _closing(parts, opened),
    }


def _closing(parts: _Parts, opened: Floats) -> Floats:
    """Undo the gap of an open jaw: the lower lip does most of the way, the upper lip the rest."""
    lower_way, upper_way = 0.65, 0.35
    field = np.asarray(-lower_way * opened * parts.lower_lip[:, None])
    for name in ("outer_lips", "inner_lips"):
        group = parts.topology.group(name)
        steps = np.arange(1, group.count // 2)
        lower, upper = group.start + steps, group.start + group.count - steps
        field[upper] = upper_way * opened[lower] - opened[upper]
    return field


def _mouth_fields(parts: _Parts) -> dict[str, Floats]:
    x = parts.points[:, 0] - parts.mouth[0]
    narrow = np.zeros_like(parts.points)
    narrow[:, 0] = -parts.lips * x
    middle, upper, lower = parts.middle, parts.upper_lip, parts.lower_lip
    spread = parts.is_outer * 0.03
    opening = parts.is_outer * 0.05 + parts.is_inner * 0.045
    return {
        "mouthLeft": _along(parts.lips, x=0.10),
        "mouthRight": _along(parts.lips, x=-0.10),
        "mouthPucker": 0.35 * narrow
        + _along(middle * spread * (lower - upper), y=1.0)
        + _along(parts.lips, z=-0.08),
        "mouthFunnel": 0.2 * narrow
        + _along(middle * opening * (lower - upper), y=1.0)
        + _along(parts.lips, z=-0.06),
        "mouthRollUpper": _rolled(parts, upper),
        "mouthRollLower": _rolled(parts, lower),
        "mouthShrugUpper": _along(middle * upper, y=-0.04, z=-0.04),
        "mouthShrugLower": _along(middle * lower, y=-0.05, z=-0.03)
        + _along(parts.jaw * (parts.lips == 0), y=-0.01),
    }


def _rolled(parts: _Parts, lip: Floats) -> Floats:
    """Take the outer contour of a lip 0.7 of the way to the inner one, and the inner one back."""
    field = _along(parts.is_inner * parts.middle * lip, z=0.04)
    outer, inner = parts.topology.group("outer_lips"), parts.topology.group("inner_lips")
    at = np.arange(outer.count) / outer.count
    known = np.arange(inner.count + 1) / inner.count
    contour = parts.points[inner.indices]
    contour = np.vstack([contour, contour[:1]])
    target = np.column_stack([np.interp(at, known, contour[:, axis]) for axis in range(3)])
    way = target - parts.points[outer.indices]
    way[:, 0] = 0.0
    field[outer.indices] = 0.7 * lip[outer.indices, None] * way
    return np.asarray(field)
