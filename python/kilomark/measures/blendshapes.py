"""ARKit-style blendshape coefficients of a face.

`displacement_fields` says how each coefficient moves the landmarks, `blendshape_model` fits all of
them at once. The directions of the eyes come from `gaze`. The meaning of each coefficient is
ARKit's, but nothing was fitted to ARKit's output, so use them to drive an avatar and not to compare
with ARKit's numbers.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from kilomark.errors import InvalidInputError
from kilomark.faces import Face
from kilomark.measures.blendshape_model import BlendshapeModel, NeutralFace
from kilomark.measures.gaze import gaze

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kilomark.topology import Topology

__all__ = [
    "BLENDSHAPES",
    "FITTED_BLENDSHAPES",
    "UNDETERMINED_BLENDSHAPES",
    "blendshapes",
    "neutral_face",
]

UNDETERMINED_BLENDSHAPES = (
    "cheekPuff",
    "cheekSquintLeft",
    "cheekSquintRight",
    "jawForward",
    "mouthDimpleLeft",
    "mouthDimpleRight",
    "mouthPressLeft",
    "mouthPressRight",
    "mouthShrugUpper",
    "tongueOut",
)
"""Coefficients of ARKit that the landmarks do not determine; the page "Measures" of the
documentation says why."""

_BOTH_SIDES = (
    "browDown",
    "browOuterUp",
    "eyeBlink",
    "eyeSquint",
    "eyeWide",
    "mouthFrown",
    "mouthLowerDown",
    "mouthSmile",
    "mouthStretch",
    "mouthUpperUp",
    "noseSneer",
)
_MIDDLE = (
    "browInnerUp",
    "jawLeft",
    "jawOpen",
    "jawRight",
    "mouthClose",
    "mouthFunnel",
    "mouthLeft",
    "mouthPucker",
    "mouthRight",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthShrugLower",
)
_LOOKS = ("eyeLookDown", "eyeLookIn", "eyeLookOut", "eyeLookUp")

FITTED_BLENDSHAPES = tuple(
    sorted([*_MIDDLE, *(f"{name}{side}" for name in _BOTH_SIDES for side in ("Left", "Right"))])
)
"""The names of the coefficients that the model fits."""

BLENDSHAPES = tuple(
    sorted(
        [*FITTED_BLENDSHAPES, *(f"{name}{side}" for name in _LOOKS for side in ("Left", "Right"))]
    )
)
"""The names of the coefficients that `blendshapes` returns."""

LOOK_RANGE_DEG = 30.0
"""Turn of the eye at which a look counts as full."""


def blendshapes(face: Face, *, neutral: Face | NeutralFace | None = None) -> dict[str, float]:
    """Estimate the ARKit-style coefficients of a face, from 0 to 1 each.

    ``Left`` and ``Right`` are the subject's. The coefficients are those of a bounded least-squares
    fit; `kilomark.measures.blendshape_model` gives the formula.

    Args:
        face: of a network with a mean face.
        neutral: the same person at rest, which makes the coefficients more exact. A `NeutralFace`
            of `neutral_face` or of a `NeutralCalibration` saves time where many faces follow. None
            stands for the average person.

    Returns:
        A value for each name of `BLENDSHAPES`.

    Raises:
        InvalidInputError: the bundle has no mean face or not these groups, or there is no pose.
    """
    model = _model(face.topology)
    rest = neutral_face([neutral]) if isinstance(neutral, Face) else neutral
    fit = model.fit(face, rest)
    found = dict(zip(model.names, fit.coefficients.tolist(), strict=True)) | _looks(face)
    return {name: found[name] for name in BLENDSHAPES}


def neutral_face(faces: Sequence[Face]) -> NeutralFace:
    """Average faces of a person at rest: lips closed, looking into the camera, no expression.

    Raises:
        InvalidInputError: there is no face, the bundle has no mean face, or a face has no pose.
    """
    if not faces:
        raise InvalidInputError("a neutral face needs faces of a person at rest; got none")
    return _model(faces[0].topology).neutral(faces)


@lru_cache(maxsize=8)
def _model(topology: Topology) -> BlendshapeModel:
    return BlendshapeModel(topology)


def _looks(face: Face) -> dict[str, float]:
    """Directions of the eyes in the head; both eyes look alike."""
    seen = gaze(face)
    to_right = seen.eye_yaw_deg / LOOK_RANGE_DEG  # the subject's right
    down = seen.eye_pitch_deg / LOOK_RANGE_DEG
    amounts = {
        "eyeLookDownLeft": down,
        "eyeLookDownRight": down,
        "eyeLookUpLeft": -down,
        "eyeLookUpRight": -down,
        "eyeLookInLeft": to_right,
        "eyeLookOutLeft": -to_right,
        "eyeLookInRight": -to_right,
        "eyeLookOutRight": to_right,
    }
    return {name: min(max(amount, 0.0), 1.0) for name, amount in amounts.items()}
