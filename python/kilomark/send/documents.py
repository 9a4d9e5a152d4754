"""Faces as JSON documents for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast, get_args

import numpy as np

from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.measures import MEASURES, blendshapes, measure
from kilomark.send.targets import Points

if TYPE_CHECKING:
    import numpy.typing as npt

    from kilomark.faces import Face
    from kilomark.measures import NeutralFace
    from kilomark.send.targets import SentFrame
    from kilomark.tracker import TrackedFace

__all__ = ["DOCUMENT_VERSION", "check_points", "face_document", "frame_document"]

DOCUMENT_VERSION = 1
POINTS = get_args(Points)
PIXEL_DECIMALS, RATIO_DECIMALS = 2, 4


def frame_document(frame: SentFrame, points: Points = "all") -> dict[str, Any]:
    """Describe a frame and its faces, as values for JSON."""
    return {
        "kilomark": DOCUMENT_VERSION,
        "frame": frame.number,
        "time": round(frame.time_seconds, 6),
        "width": frame.size[0],
        "height": frame.size[1],
        "faces": [
            face_document(face, points, neutral=frame.neutrals.get(face.id)) for face in frame.faces
        ],
    }


def face_document(
    face: TrackedFace, points: Points = "all", *, neutral: NeutralFace | None = None
) -> dict[str, Any]:
    """Describe a face, as values for JSON.

    ``neutral`` is the person at rest, for more exact blendshapes. ``pose``, ``measures`` and
    ``blendshapes`` are None where the bundle has no mean face, or the landmarks have no pose.

    Raises:
        InvalidInputError: ``points`` is "68", and the bundle does not say which those are.
    """
    pose = face.pose
    return {
        "id": face.id,
        "age": face.age,
        "score": round(face.score, RATIO_DECIMALS),
        "box": _rounded(face.box, PIXEL_DECIMALS),
        "pose": pose
        and {
            "yaw_deg": round(pose.yaw_deg, PIXEL_DECIMALS),
            "pitch_deg": round(pose.pitch_deg, PIXEL_DECIMALS),
            "roll_deg": round(pose.roll_deg, PIXEL_DECIMALS),
        },
        "measures": pose and _measures(face),
        "blendshapes": pose and _blendshapes(face, neutral),
        "points": _points(face, points),
    }


def check_points(points: str) -> Points:
    """Return the choice of landmarks.

    Raises:
        InvalidInputError: there is no such choice.
    """
    if points not in POINTS:
        raise InvalidInputError(f"points is {excerpt(points)}; expected all, 68 or none")
    return cast("Points", points)


def _measures(face: Face) -> dict[str, float] | None:
    found = {name: value for name, value in measure(face).items() if value is not None}
    if len(found) < len(MEASURES):  # a network of other groups
        return None
    return {name: round(value, RATIO_DECIMALS) for name, value in found.items()}


def _blendshapes(face: Face, neutral: NeutralFace | None) -> dict[str, float] | None:
    try:
        found = blendshapes(face, neutral=neutral)
    except InvalidInputError:
        return None
    return {name: round(value, RATIO_DECIMALS) for name, value in found.items()}


def _points(face: Face, points: Points) -> list[Any]:
    if points == "none":
        return []
    return _rounded(face.landmarks if points == "all" else face.to_68(), PIXEL_DECIMALS)


def _rounded(values: npt.NDArray[np.float32], decimals: int) -> list[Any]:
    rounded: list[Any] = np.round(values.astype(np.float64), decimals).tolist()
    return rounded
