"""The blendshape model on faces that its own fields generate, and its fields themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kilomark.errors import InvalidInputError
from kilomark.measures import (
    BLENDSHAPES,
    UNDETERMINED_BLENDSHAPES,
    NeutralCalibration,
    blendshapes,
    neutral_face,
)
from kilomark.measures.blendshape_model import BlendshapeModel, Fitted, fit_nodes, shipped
from kilomark.measures.blendshape_nodes import node_indices, node_topology
from kilomark.measures.blendshapes import FITTED_BLENDSHAPES
from kilomark.measures.displacement_fields import displacement_fields
from kilomark.pose import Pose, to_rotation

if TYPE_CHECKING:
    from collections.abc import Callable

    from kilomark.faces import Face
    from kilomark.topology import Topology

    Show = Callable[..., Face]


@pytest.fixture(scope="session")
def model(topology: Topology) -> BlendshapeModel:
    return BlendshapeModel(topology)


def nodes_in_image(points: np.ndarray, pose: Pose) -> np.ndarray:
    return 100 * (points @ to_rotation(pose).T)[:, :2] + 200


@pytest.mark.parametrize("name", FITTED_BLENDSHAPES)
def test_a_coefficient_answers_to_its_field_alone(name: str, model: BlendshapeModel) -> None:
    index = model.names.index(name)
    rest = model.average
    for pose in (Pose(0, 0, 0), Pose(25, -8, 10)):
        found = fit_nodes(nodes_in_image(rest.points + rest.fields[index], pose), rest)
        assert found.coefficients.argmax() == index
        assert found.coefficients[index] > 0.3
        assert np.delete(found.coefficients, index).max() < 0.15


@pytest.mark.parametrize("name", ["jawOpen", "mouthSmileLeft", "eyeBlinkRight", "mouthClose"])
@pytest.mark.parametrize("amount", [0.3, 0.6, 1.0])
def test_the_amount_is_found_in_any_pose(name: str, amount: float, model: BlendshapeModel) -> None:
    rest, index = model.average, model.names.index(name)
    points = rest.points + amount * rest.fields[index]
    for pose in (Pose(0, 0, 0), Pose(30, 0, 0), Pose(-20, 12, 15)):
        found = fit_nodes(nodes_in_image(points, pose), rest).coefficients[index]
        assert found == pytest.approx(amount, abs=0.16)


def test_the_average_face_at_rest_has_no_expression(model: BlendshapeModel) -> None:
    found = fit_nodes(nodes_in_image(model.average.points, Pose(15, 5, 0)), model.average)
    assert found.coefficients.max() < 0.01


def test_a_neutral_face_has_no_expression_and_makes_others_relative_to_it(
    model: BlendshapeModel,
) -> None:
    shapes = model.average
    person = shapes.points + 1.5 * shapes.identity[0] - 2 * shapes.identity[3]
    neutral = model.resting(
        person, model.fit_identity(nodes_in_image(person, Pose(0, 0, 0))).covariance
    )
    smile = neutral.fields[model.names.index("mouthSmileLeft")]

    at_rest = fit_nodes(nodes_in_image(person, Pose(20, 0, 0)), neutral).coefficients
    smiling = fit_nodes(nodes_in_image(person + 0.7 * smile, Pose(0, 0, 0)), neutral).coefficients

    assert at_rest.max() < 0.05
    assert smiling[model.names.index("mouthSmileLeft")] == pytest.approx(0.7, abs=0.2)


def test_a_blink_of_any_eye_closes_it(model: BlendshapeModel) -> None:
    group = node_topology().group("left_eye")
    person = model.average.points.copy()
    middle = person[group.indices, 1].mean()
    person[group.indices, 1] = middle + 1.6 * (person[group.indices, 1] - middle)
    closed = person + model.resting(person).fields[model.names.index("eyeBlinkLeft")]

    steps = np.arange(1, group.count // 2)
    gaps = closed[group.start + steps, 1] - closed[group.start + group.count - steps, 1]

    assert np.abs(gaps).max() < 1e-6


def test_a_closed_mouth_of_an_open_jaw_has_no_gap(model: BlendshapeModel) -> None:
    fields = model.average.fields
    moved = fields[model.names.index("jawOpen")] + fields[model.names.index("mouthClose")]
    group = node_topology().group("inner_lips")
    steps = np.arange(1, group.count // 2)

    gaps = moved[group.start + steps, 1] - moved[group.start + group.count - steps, 1]

    assert np.abs(gaps).max() < 0.02
    chin = node_topology().group("face_oval")
    assert moved[chin.start + chin.count // 2, 1] > 0.05


def test_fields_of_both_sides_mirror_each_other(topology: Topology) -> None:
    mean, mirror = np.array(topology.mean_shape), topology.mirror
    assert mirror is not None
    fields = displacement_fields(mean, topology)
    for name, field in fields.items():
        other = name[:-4] + "Right" if name.endswith("Left") else name
        if not name.endswith("Right"):
            mirrored = field[mirror] * [-1, 1, 1]
            assert mirrored == pytest.approx(fields[other], abs=0.01), name


def test_a_jaw_drops_the_chin_and_spares_what_lies_above(topology: Topology) -> None:
    field = displacement_fields(np.array(topology.mean_shape), topology)["jawOpen"]
    oval = topology.group("face_oval")
    assert field[oval.start + oval.count // 2, 1] > 0.1
    for name in ("right_eye", "left_brow", "nose_ridge", "nose_wings"):
        assert not field[topology.group(name).indices].any()


def test_all_fitted_coefficients_have_a_range() -> None:
    assert set(shipped().ranges) == set(FITTED_BLENDSHAPES)
    assert all(0.5 <= value <= 1.5 for value in shipped().ranges.values())
    assert set(FITTED_BLENDSHAPES) < set(BLENDSHAPES)
    assert not set(FITTED_BLENDSHAPES) & set(UNDETERMINED_BLENDSHAPES)


def test_a_calibration_learns_the_face_at_rest(show: Show, mean: np.ndarray) -> None:
    calibration = NeutralCalibration(1.0)
    found = [calibration.update(show(mean, yaw=3), time) for time in np.arange(0, 1.2, 0.1)]
    assert found[:10] == [None] * 10
    assert found[-1] is not None
    assert calibration.neutral is found[-1]
    after = blendshapes(show(mean), neutral=found[-1])
    assert max(value for name, value in after.items() if "Look" not in name) < 0.05
    assert after == pytest.approx(blendshapes(show(mean), neutral=show(mean)), abs=0.05)


def test_a_calibration_leaves_out_turned_heads(show: Show, mean: np.ndarray) -> None:
    calibration = NeutralCalibration(1.0)
    for time in np.arange(0, 3, 0.1):
        assert calibration.update(show(mean, yaw=40), time) is None


@pytest.mark.parametrize("seconds", [0.0, -1.0, np.nan, np.inf])
def test_a_calibration_needs_time(seconds: float) -> None:
    with pytest.raises(InvalidInputError, match="above 0"):
        NeutralCalibration(seconds)


def test_a_neutral_face_needs_a_face() -> None:
    with pytest.raises(InvalidInputError, match="got none"):
        neutral_face([])


def test_a_face_without_a_pose_is_refused(show: Show, mean: np.ndarray) -> None:
    face = show(mean)
    broken = replace(face, landmarks=np.full_like(face.landmarks, np.nan))
    with pytest.raises(InvalidInputError, match="no pose"):
        blendshapes(broken)


def test_a_group_with_too_few_landmarks_is_refused(topology: Topology) -> None:
    lips = replace(topology.group("inner_lips"), count=6)
    small = replace(topology, groups={**topology.groups, "inner_lips": lips})
    with pytest.raises(InvalidInputError, match="inner_lips has 6 landmarks; expected 24"):
        node_indices(small)


def test_other_numbers_can_be_fitted(topology: Topology) -> None:
    few = Fitted({"jawOpen": 2.0}, shipped().rest, shipped().identity[:3])
    model = BlendshapeModel(topology, few)
    standard = BlendshapeModel(topology)
    index = standard.names.index("jawOpen")
    assert model.names == ("jawOpen",)
    expected = 2.0 / shipped().ranges["jawOpen"] * standard.average.fields[index]
    assert model.average.fields[0] == pytest.approx(expected)
