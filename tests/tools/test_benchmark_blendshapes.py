"""Generated faces, warped pictures, and scores of the blendshape benchmark."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("cv2", reason="pictures are warped with OpenCV")

from tools.expressions.generated import excludes, generate_face, random_coefficients
from tools.expressions.pictures import warp_face
from tools.expressions.scores import score_alone, score_combined

import kilomark
from kilomark.measures import blendshapes
from kilomark.measures.blendshape_model import BlendshapeModel
from kilomark.pose import Pose

if TYPE_CHECKING:
    from kilomark.topology import Topology


@pytest.fixture(scope="module")
def topology() -> Topology:
    return kilomark.Detector("lite", finder=None).topology


@pytest.fixture(scope="module")
def model(topology: Topology) -> BlendshapeModel:
    return BlendshapeModel(topology)


def test_generated_faces_have_their_expression(model: BlendshapeModel, topology: Topology) -> None:
    random = np.random.default_rng(0)
    truth = {"jawOpen": 0.7, "eyeBlinkLeft": 0.5}
    face = generate_face(
        model,
        topology,
        model.average.points,
        truth,
        pose=Pose(10, 0, 0),
        noise=0.0,
        random=random,
    )
    found = blendshapes(face)
    for name, amount in truth.items():
        assert found[name] == pytest.approx(amount, abs=0.15)
    assert found["mouthSmileLeft"] < 0.1


def test_random_expressions_have_no_opposites(model: BlendshapeModel) -> None:
    random = np.random.default_rng(1)
    for _ in range(30):
        names = list(random_coefficients(model.names, 4, random))
        assert len(names) == 4
        assert not any(excludes(a, b) for a in names for b in names if a != b)
    assert excludes("jawLeft", "jawRight")
    assert not excludes("eyeBlinkLeft", "eyeBlinkRight")


def test_scores_tell_a_good_measure_from_none(model: BlendshapeModel, topology: Topology) -> None:
    def good(face: kilomark.Face, resting: kilomark.Face | None) -> dict[str, float]:
        return blendshapes(face, neutral=resting)

    scored, silent = (
        score_combined(measure, model, topology, 12, calibrated=True)
        for measure in (good, lambda *_: {})
    )
    assert scored["jawOpen"].mean_error <= scored["jawOpen"].error_95
    assert np.mean([one.mean_error for one in scored.values()]) < np.mean(
        [one.mean_error for one in silent.values()]
    )
    alone = score_alone(good, model, topology, "jawOpen", people=8)
    assert alone.found == pytest.approx((0.3, 0.6, 1.0), abs=0.15)
    assert not alone.others
    assert alone.correlation > 0.7


def test_a_warped_picture_moves_where_the_landmarks_go(topology: Topology) -> None:
    points = 100 * np.array(topology.mean_shape)[:, :2] + [150, 160]
    face = kilomark.Face(
        points.astype(np.float32),
        np.ones(len(points), np.float32),
        np.array([*points.min(axis=0), *points.max(axis=0)], np.float32),
        1.0,
        1.0,
        topology=topology,
    )
    x, y = np.meshgrid(np.arange(300), np.arange(330))
    image = np.stack([x / 300 * 255, y / 330 * 255, 0 * x], axis=2).astype(np.uint8)
    brow = topology.group("left_brow").indices
    moved = face.landmarks.astype(np.float64)
    moved[brow, 1] -= 8

    warped = warp_face(image, face, moved)

    for column, row in moved[brow][::8]:
        assert warped[round(row), round(column), 1] == pytest.approx((row + 8) / 330 * 255, abs=3)
    assert np.abs(warped[:20].astype(int) - image[:20]).max() <= 6
    assert (warp_face(image, face, face.landmarks.astype(np.float64)) == image).mean() > 0.98


def test_parted_lips_show_a_dark_mouth(topology: Topology) -> None:
    points = (100 * np.array(topology.mean_shape)[:, :2] + [150, 160]).astype(np.float32)
    box = np.concatenate([points.min(axis=0), points.max(axis=0)])
    spread = np.ones(len(points), np.float32)
    face = kilomark.Face(points, spread, box, 1.0, 1.0, topology=topology)
    moved = points.astype(np.float64)
    lips = topology.group("inner_lips")
    moved[lips.start + 1 : lips.start + lips.count // 2, 1] += 25
    image = np.full((330, 300, 3), 200, np.uint8)

    warped = warp_face(image, replace(face), moved)

    middle = moved[lips.indices].mean(axis=0).round().astype(int)
    assert warped[middle[1], middle[0]].max() < 80
    assert (warped[:100] == 200).all()
