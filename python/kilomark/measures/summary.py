"""All measures of a face in one call, as numbers and as lines to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kilomark.errors import InvalidInputError
from kilomark.measures.expressions import brow_raise, mouth_openness, smile
from kilomark.measures.eyes import eye_openness
from kilomark.measures.gaze import gaze

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
        eyes = eye_openness(face)
        found |= {"eye_openness_right": eyes.right, "eye_openness_left": eyes.left}
        brows = brow_raise(face)
        found |= {"brow_raise_right": brows.right, "brow_raise_left": brows.left}
        found |= {"mouth_openness": mouth_openness(face), "smile": smile(face)}
        looks = gaze(face)
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
