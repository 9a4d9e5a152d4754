from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilomark.pose import Pose, fit_pose, to_rotation

FACE = np.random.default_rng(1).normal(size=(40, 3)) * [0.5, 0.6, 0.3]
POSES = st.builds(
    Pose, yaw_deg=st.floats(-80, 80), pitch_deg=st.floats(-80, 80), roll_deg=st.floats(-170, 170)
)


def angles(pose: Pose | None) -> list[float]:
    assert pose is not None
    return [pose.yaw_deg, pose.pitch_deg, pose.roll_deg]


@given(pose=POSES, scale=st.floats(0.01, 1000), x=st.floats(-5000, 5000))
def test_pose_of_a_projected_face_is_found(pose: Pose, scale: float, x: float) -> None:
    landmarks = scale * FACE @ to_rotation(pose)[:2].T + [x, -x]
    assert angles(fit_pose(landmarks, FACE)) == pytest.approx(angles(pose), abs=1e-4)


@given(pose=POSES)
def test_rotation_is_a_rotation(pose: Pose) -> None:
    rotation = to_rotation(pose)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)


@pytest.mark.parametrize(
    ("pose", "moved"),
    [
        (Pose(30, 0, 0), (-1, 0)),
        (Pose(0, 30, 0), (0, 1)),
    ],
)
def test_signs_by_where_the_nose_goes(pose: Pose, moved: tuple[int, int]) -> None:
    nose = np.array([0, 0, -1.0])
    assert np.sign(np.round((to_rotation(pose) @ nose)[:2], 9)).tolist() == list(moved)


def test_roll_is_clockwise_in_the_image() -> None:
    left_eye = to_rotation(Pose(0, 0, 30)) @ [1, 0, 0]
    assert left_eye[1] > 0


@given(pose=POSES)
def test_mirrored_face_has_mirrored_pose(pose: Pose) -> None:
    landmarks = FACE @ to_rotation(pose)[:2].T
    mirrored = fit_pose(landmarks * [-1, 1], FACE * [-1, 1, 1])
    expected = [-pose.yaw_deg, pose.pitch_deg, -pose.roll_deg]
    assert angles(mirrored) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    "landmarks",
    [
        np.full((40, 2), np.nan),
        np.full((40, 2), np.inf),
        np.zeros((40, 2)),
        np.linspace([0, 0], [1, 2], 40),
    ],
)
def test_no_pose_where_there_is_none(landmarks: np.ndarray) -> None:
    assert fit_pose(landmarks, FACE) is None


@pytest.mark.parametrize("yaw", [-85.0, -40.0, 0.0, 60.0, 88.0])
def test_landmarks_in_three_dimensions_give_the_pose_to_profiles(yaw: float) -> None:
    shape = np.random.default_rng(0).normal(size=(40, 3))
    turned = 70 * shape @ to_rotation(Pose(yaw, 12.0, -20.0)).T + (300, 200, 9)

    pose = fit_pose(turned, shape)

    assert pose is not None
    assert pose.yaw_deg == pytest.approx(yaw, abs=1e-6)
    assert pose.pitch_deg == pytest.approx(12, abs=1e-6)
    assert pose.roll_deg == pytest.approx(-20, abs=1e-6)
