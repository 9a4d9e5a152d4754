"""Measures on faces whose answer is known: the mean face, deformed and turned."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kilomark.errors import InvalidInputError
from kilomark.measures import (
    BLENDSHAPES,
    UNDETERMINED_BLENDSHAPES,
    blendshapes,
    brow_raise,
    eye_openness,
    face_frame,
    gaze,
    head_axes,
    measure,
    mouth_openness,
    smile,
)
from kilomark.pose import Pose, to_rotation

if TYPE_CHECKING:
    from collections.abc import Callable

    from kilomark.faces import Face
    from kilomark.topology import Topology

    Show = Callable[..., Face]

POSES = [(0, 0, 0), (25, 0, 0), (-25, 10, 15), (0, -15, -30)]


def close_lids(mean: np.ndarray, topology: Topology, side: str, share: float) -> np.ndarray:
    """Move the upper lid towards the lower one, so that ``share`` of the gap is left."""
    moved = mean.copy()
    group = topology.group(f"{side}_eye")
    half = group.count // 2
    for step in range(1, half):
        lower, upper = group.start + step, group.start + group.count - step
        moved[upper] = mean[lower] + share * (mean[upper] - mean[lower])
    return moved


@pytest.mark.parametrize("pose", POSES)
def test_frame_of_a_turned_mean_face_is_the_mean_face(
    pose: tuple[float, ...], show: Show, mean: np.ndarray
) -> None:
    frame = face_frame(show(mean, *pose))

    assert np.abs(frame - (mean - mean.mean(0))).max() < 1e-3


@pytest.mark.parametrize("pose", POSES)
@pytest.mark.parametrize("share", [1.0, 0.5, 0.1])
def test_openness_follows_the_lids_in_every_pose(
    pose: tuple[float, ...], share: float, show: Show, mean: np.ndarray, topology: Topology
) -> None:
    open_eyes = eye_openness(show(mean))

    found = eye_openness(show(close_lids(mean, topology, "left", share), *pose))

    assert found.left == pytest.approx(share * open_eyes.left, abs=0.03)
    assert found.right == pytest.approx(open_eyes.right, abs=0.03)


def test_mouth_opens_with_the_lower_lip(show: Show, mean: np.ndarray, topology: Topology) -> None:
    opened = mean.copy()
    group = topology.group("inner_lips")
    opened[group.start + 1 : group.start + group.count // 2, 1] += 0.2
    width = np.linalg.norm(mean[group.start] - mean[group.start + group.count // 2])

    rise = mouth_openness(show(opened)) - mouth_openness(show(mean))

    assert rise == pytest.approx(0.2 / width, rel=0.1)


def test_smile_is_zero_at_rest_and_grows_with_the_corners(
    show: Show, mean: np.ndarray, topology: Topology
) -> None:
    smiling = mean.copy()
    group = topology.group("outer_lips")
    for corner, direction in ((group.start, -1), (group.start + group.count // 2, 1)):
        smiling[corner] += [0.06 * direction, -0.06, 0]

    assert smile(show(mean)) == pytest.approx(0, abs=1e-3)
    assert smile(show(smiling)) > 0.3


def test_raised_brow_is_measured_alone(show: Show, mean: np.ndarray, topology: Topology) -> None:
    raised = mean.copy()
    raised[topology.group("right_brow").indices, 1] -= 0.08

    found = brow_raise(show(raised, yaw=20))

    assert found.right == pytest.approx(0.08, abs=0.01)
    assert found.left == pytest.approx(0, abs=0.01)


def turn_eyes(mean: np.ndarray, topology: Topology, yaw: float, pitch: float) -> np.ndarray:
    """Turn both eyeballs in the head: spheres of 12 mm on which the irises are 11.7 mm wide."""
    moved = mean.copy()
    rotation = to_rotation(Pose(yaw, pitch, 0))
    for side in ("right", "left"):
        iris = mean[topology.group(f"{side}_iris").indices]
        diameter = 2 * np.linalg.norm(iris - iris.mean(0), axis=1).mean()
        depth = diameter * np.sqrt((12 / 11.7) ** 2 - 0.5**2)
        center = iris.mean(0) + np.array([0, 0, depth])
        for part in ("iris", "pupil"):
            indices = topology.group(f"{side}_{part}").indices
            moved[indices] = center + (mean[indices] - center) @ rotation.T
    return moved


def test_gaze_of_centered_irises_is_the_heads_direction(show: Show, mean: np.ndarray) -> None:
    found = gaze(show(mean, yaw=20, pitch=-5))

    assert found.yaw_deg == pytest.approx(20, abs=1)
    assert found.pitch_deg == pytest.approx(-5, abs=1)


@pytest.mark.parametrize("pose", [*POSES, (45, 0, 0), (-30, 10, 10)])
@pytest.mark.parametrize("eyes", [(20, 0), (-20, 0), (30, 0), (0, 15), (0, -15), (-15, 10)])
def test_gaze_is_the_direction_of_eyes_that_turn_in_a_turned_head(
    pose: tuple[float, float, float],
    eyes: tuple[float, float],
    show: Show,
    mean: np.ndarray,
    topology: Topology,
) -> None:
    found = gaze(show(turn_eyes(mean, topology, *eyes), *pose))

    expected = to_rotation(Pose(*pose)) @ to_rotation(Pose(*eyes, 0)) @ [0, 0, -1]
    assert np.degrees(np.arccos(min(1.0, expected @ found.direction))) < 4
    assert found.eye_yaw_deg == pytest.approx(eyes[0], abs=4)
    assert found.eye_pitch_deg == pytest.approx(eyes[1], abs=4)


def test_axes_of_a_frontal_face_lie_along_the_image(show: Show, mean: np.ndarray) -> None:
    origin, right, down, out = head_axes(show(mean), length_px=100)

    assert right - origin == pytest.approx([100, 0], abs=1)
    assert down - origin == pytest.approx([0, 100], abs=1)
    assert out - origin == pytest.approx([0, 0], abs=1)


def test_a_face_that_is_its_own_rest_has_no_expression(show: Show, mean: np.ndarray) -> None:
    found = blendshapes(show(mean, yaw=15), neutral=show(mean))

    assert set(found) == set(BLENDSHAPES)
    assert max(found.values()) < 0.05


def test_all_measures_at_once_are_those_taken_one_by_one(
    show: Show, mean: np.ndarray, topology: Topology
) -> None:
    face = show(close_lids(mean, topology, "left", 0.4) * [1.0, 1.1, 1.0], 20, -10, 5)
    eyes, brows, looks = eye_openness(face), brow_raise(face), gaze(face)

    assert measure(face) == {
        "eye_openness_right": eyes.right,
        "eye_openness_left": eyes.left,
        "mouth_openness": mouth_openness(face),
        "smile": smile(face),
        "brow_raise_right": brows.right,
        "brow_raise_left": brows.left,
        "gaze_yaw_deg": looks.yaw_deg,
        "gaze_pitch_deg": looks.pitch_deg,
    }


def test_named_blendshapes_are_those_of_arkit() -> None:
    assert len(BLENDSHAPES) + len(UNDETERMINED_BLENDSHAPES) == 52
    assert not set(BLENDSHAPES) & set(UNDETERMINED_BLENDSHAPES)


@pytest.mark.parametrize("share", [0.75, 0.5, 0.0])
def test_blink_coefficient_is_the_closed_share(
    share: float, show: Show, mean: np.ndarray, topology: Topology
) -> None:
    face = show(close_lids(mean, topology, "right", share), yaw=-10)
    found = blendshapes(face, neutral=show(mean))

    assert found["eyeBlinkRight"] == pytest.approx(1 - share, abs=0.12)
    assert found["eyeBlinkLeft"] < 0.05


def test_a_network_without_a_mean_face_is_refused(show: Show, mean: np.ndarray) -> None:
    face = show(mean)
    without = replace(face, topology=replace(face.topology, mean_shape=None))

    with pytest.raises(InvalidInputError, match="mean_shape"):
        eye_openness(without)
