from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.tiny_bundles import LANDMARKS, MEAN_SHAPE, SUBSET_68, write_landmark_bundle

from kilomark import Face, InvalidInputError
from kilomark.manifest import read_landmark_bundle
from kilomark.pose import Pose

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark import Detector


def make_face(bundle: Path) -> Face:
    return Face(
        landmarks=LANDMARKS.copy(),
        spread=np.full(len(LANDMARKS), 0.1, np.float32),
        box=np.array([8, 12, 24, 20], np.float32),
        score=0.87654321,
        presence=1.0,
        topology=read_landmark_bundle(bundle).topology,
    )


def test_groups_are_slices_of_the_landmarks(tiny: Path) -> None:
    face = make_face(tiny)
    np.testing.assert_array_equal(face.group("left_eye"), LANDMARKS[2:4])
    assert list(face.groups) == ["right_eye", "left_eye", "nose"]
    assert sum(len(group) for group in face.groups.values()) == len(LANDMARKS)


def test_unknown_group_lists_the_known(tiny: Path) -> None:
    with pytest.raises(
        InvalidInputError, match="'ear'; this network has right_eye, left_eye, nose"
    ):
        make_face(tiny).group("ear")


def test_68_landmarks(tiny: Path) -> None:
    np.testing.assert_array_equal(make_face(tiny).to_68(), LANDMARKS[SUBSET_68])


def test_network_without_68_or_mean_face(tmp_path: Path) -> None:
    face = make_face(write_landmark_bundle(tmp_path, subset_68=None, mean_shape=None))
    assert face.pose is None
    with pytest.raises(InvalidInputError, match="no subset_68"):
        face.to_68()


def test_frontal_face_has_no_angles(tiny: Path) -> None:
    frontal = np.array(MEAN_SHAPE, np.float32)[:, :2] * 50 + 100
    pose = dataclasses.replace(make_face(tiny), landmarks=frontal).pose
    assert isinstance(pose, Pose)
    assert dataclasses.astuple(pose) == pytest.approx((0, 0, 0), abs=1e-3)


def test_dict_is_strict_json(tiny: Path) -> None:
    values = json.loads(json.dumps(make_face(tiny).to_dict(), allow_nan=False))
    assert values["box"] == [8.0, 12.0, 24.0, 20.0]
    assert values["score"] == 0.877
    assert values["spread"] == [0.1] * 5
    assert values["landmarks"] == LANDMARKS.tolist()
    assert set(values["pose"]) == {"yaw_deg", "pitch_deg", "roll_deg"}


def test_face_is_frozen_and_short_in_print(tiny: Path) -> None:
    face = make_face(tiny)
    with pytest.raises(dataclasses.FrozenInstanceError):
        face.score = 1.0  # type: ignore[misc]
    assert "topology" not in repr(face)


def test_a_face_is_shown_in_one_line(detector: Detector, demo_photo: Path) -> None:
    face = detector.predict(demo_photo, boxes=[10, 20, 110.4, 140])[0]
    assert repr(face).startswith("<Face score=1.00 presence=")
    assert repr(face).endswith("box=(10, 20, 110, 140) landmarks=5>")
