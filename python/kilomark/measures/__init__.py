"""Measures of a face: how open eyes and mouth are, where it looks, what it does over time.

    from kilomark import Detector
    from kilomark.measures import BlinkCounter, eye_openness, gaze

    face = Detector().predict("photo.jpg")[0]
    eye_openness(face).right  # 0 closed, about 0.3 open
    gaze(face).yaw_deg

Every measure is taken in the face's own frame (`face_frame`), so that a turn of the head changes
it little. Each docstring gives the formula.
"""

from __future__ import annotations

from kilomark.measures.blendshape_model import NeutralFace
from kilomark.measures.blendshapes import (
    BLENDSHAPES,
    UNDETERMINED_BLENDSHAPES,
    blendshapes,
    neutral_face,
)
from kilomark.measures.expressions import BrowRaise, brow_raise, mouth_openness, smile
from kilomark.measures.eyes import EyeOpenness, eye_openness
from kilomark.measures.face_frame import face_frame
from kilomark.measures.gaze import Gaze, gaze
from kilomark.measures.head_axes import head_axes
from kilomark.measures.head_gestures import HeadGesture, HeadGestureDetector
from kilomark.measures.intervals import Blink, BlinkCounter, Interval, YawnDetector
from kilomark.measures.neutral_calibration import NeutralCalibration
from kilomark.measures.summary import MEASURES, measure

__all__ = [
    "BLENDSHAPES",
    "MEASURES",
    "UNDETERMINED_BLENDSHAPES",
    "Blink",
    "BlinkCounter",
    "BrowRaise",
    "EyeOpenness",
    "Gaze",
    "HeadGesture",
    "HeadGestureDetector",
    "Interval",
    "NeutralCalibration",
    "NeutralFace",
    "YawnDetector",
    "blendshapes",
    "brow_raise",
    "eye_openness",
    "face_frame",
    "gaze",
    "head_axes",
    "measure",
    "mouth_openness",
    "neutral_face",
    "smile",
]
