"""Faces at rest of everybody in a video, and targets that use them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kilomark.errors import InvalidInputError
from kilomark.measures import blendshapes, neutral_face
from kilomark.send import frame_document
from kilomark.send.calibrations import REMEMBERED_SECONDS, Calibrations

if TYPE_CHECKING:
    from kilomark.send import SentFrame


def test_each_face_is_calibrated_by_itself(sent_frame: SentFrame) -> None:
    face = sent_frame.faces[0]
    calibrations = Calibrations(0.5)
    found = {}
    for step in range(12):
        faces = [replace(face, id=1)] if step < 6 else [replace(face, id=1), replace(face, id=2)]
        found = calibrations.update(faces, 0.1 * step)
        assert (1 in found) == (step >= 5)
        assert (2 in found) == (step >= 11)
    assert blendshapes(face, neutral=found[1])["mouthSmileLeft"] < 0.05


def test_a_face_that_has_gone_is_forgotten(sent_frame: SentFrame) -> None:
    face = replace(sent_frame.faces[0], id=1)
    calibrations = Calibrations(0.5)
    for time in np.arange(0, 1, 0.1):
        calibrations.update([face], float(time))
    assert set(calibrations.update([], 1.0)) == {1}
    assert calibrations.update([], 2.0 + REMEMBERED_SECONDS) == {}


def test_documents_compare_with_the_face_at_rest(sent_frame: SentFrame) -> None:
    face = sent_frame.faces[0]
    plain = frame_document(sent_frame)["faces"][0]["blendshapes"]
    neutrals = {face.id: neutral_face([face])}
    calibrated = frame_document(replace(sent_frame, neutrals=neutrals))["faces"][0]["blendshapes"]
    assert plain["mouthSmileLeft"] > 0.3  # the astronaut smiles
    assert calibrated["mouthSmileLeft"] < 0.05


def test_no_time_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="above 0"):
        Calibrations(0)
