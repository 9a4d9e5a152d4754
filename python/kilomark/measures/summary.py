"""All measures of a face in one call, as numbers and as lines to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kilomark.errors import InvalidInputError
from kilomark.measures.expressions import brow_raise_in, mouth_openness_in, smile_in
from kilomark.measures.eyes import eye_openness_in
from kilomark.measures.face_frame import mean_face, rotation_of, turned_to_front
from kilomark.measures.gaze import gaze_in

if TYPE_CHECKING:
    from kilomark.faces import Face

__all__ = ["MEASURES", "describe_measures", "measure"]

MEASURES = (
    "eye_openness_right",
    "eye_openness_left",
    "mouth_openness",
    "smile",
    "brow_raise_right",
    "brow_raise_left",
    "gaze_yaw_deg",
    "gaze_pitch_deg",
)
"""The names of what `measure` returns."""


def measure(face: Face) -> dict[str, float | None]:
    """Take all measures of a face that do not need time.

    Returns:
        A value for each name of `MEASURES`; None where the network has no mean face or not the
        groups that the measure needs, or where the landmarks have no pose.
    """
    found: dict[str, float | None] = dict.fromkeys(MEASURES)
    try:
        rotation, mean = rotation_of(face), mean_face(face)
        points, topology = turned_to_front(face, rotation), face.topology  # once for all measures
        eyes = eye_openness_in(points, topology)
        found |= {"eye_openness_right": eyes.right, "eye_openness_left": eyes.left}
        brows = brow_raise_in(points, mean, topology)
        found |= {"brow_raise_right": brows.right, "brow_raise_left": brows.left}
        found["mouth_openness"] = mouth_openness_in(points, topology)
        found["smile"] = smile_in(points, mean, topology)
        looks = gaze_in(points, mean, rotation, topology)
        found |= {"gaze_yaw_deg": looks.yaw_deg, "gaze_pitch_deg": looks.pitch_deg}
    except InvalidInputError:  # what was found before it stays
        pass
    return found


def describe_measures(face: Face) -> list[str]:
    """Say head pose and measures in short lines; none for a face that has none."""
    pose, found = face.pose, measure(face)
    lines = []
    if pose is not None:
        lines.append(f"head  {pose.yaw_deg:+.0f}°  {pose.pitch_deg:+.0f}°  {pose.roll_deg:+.0f}°")
    for title, unit, names in _LINES:
        values = [found[name] for name in names]
        if all(value is not None for value in values):
            numbers = "  ".join(_shown(value, unit) for value in values if value is not None)
            lines.append(f"{title}  {numbers}")
    return lines


_LINES = (
    ("gaze", "°", ("gaze_yaw_deg", "gaze_pitch_deg")),
    ("eyes", "", ("eye_openness_right", "eye_openness_left")),
    ("mouth", "", ("mouth_openness",)),
    ("smile", "", ("smile",)),
    ("brows", "", ("brow_raise_right", "brow_raise_left")),
)


def _shown(value: float, unit: str) -> str:
    return f"{value:+.0f}°" if unit else f"{round(value, 2) + 0.0:.2f}"  # not -0.00
