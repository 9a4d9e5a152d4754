"""The numbers of the blendshape model, fitted to generated faces whose numbers are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tools.expressions.fitting import fit_ranges_rest_and_identity
from tools.expressions.generated import along_contours, generate_person
from tools.expressions.real_faces import inner_lip_gap, read_faces

import kilomark
from kilomark.measures.blendshape_model import BlendshapeModel, shipped
from kilomark.measures.blendshape_nodes import node_indices
from kilomark.pose import Pose, to_rotation

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark.topology import Topology

NAMES = ("jawOpen", "mouthPucker", "browInnerUp")
EXTREMES = {"jawOpen": 0.8, "mouthPucker": 1.0, "browInnerUp": 0.6}
PEOPLE, FRAMES = 12, 14


@pytest.fixture(scope="module")
def topology() -> Topology:
    return kilomark.Detector("lite", finder=None).topology


@pytest.fixture(scope="module")
def faces_file(topology: Topology, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Faces of people who open the jaw, pucker, or raise the brows by known amounts, or rest."""
    random = np.random.default_rng(2)
    model = BlendshapeModel(topology)
    mean, nodes = np.array(topology.mean_shape), node_indices(topology)
    landmarks, owners = [], []
    for number in range(PEOPLE):
        person = generate_person(model, random)
        for frame in range(FRAMES):
            points = person.copy()
            if frame >= FRAMES // 2:
                name = NAMES[frame % 3]
                strength = EXTREMES[name] * random.uniform(0.3, 1.0)
                field = model.average.fields[model.names.index(name)]
                points += strength / shipped().ranges[name] * field
            full = mean + along_contours(points - mean[nodes], topology)
            turned = full @ to_rotation(Pose(*random.uniform(-10, 10, 3))).T
            turned[:, 2] /= 1.1
            landmarks.append(90 * turned + [88, 88, 0])
            owners.append(number)
    path = tmp_path_factory.mktemp("faces") / "faces.npz"
    np.savez(path, landmarks=np.array(landmarks, np.float32), person=np.array(owners))
    return path


def test_faces_are_turned_to_the_front(faces_file: Path, topology: Topology) -> None:
    faces = read_faces(faces_file, topology, 20.0)
    rest = BlendshapeModel(topology).average.points
    assert faces.nodes.shape == (PEOPLE * FRAMES, *rest.shape)
    resting = faces.nodes.reshape(PEOPLE, FRAMES, *rest.shape)[:, : FRAMES // 2]
    assert np.abs(resting.mean(axis=(0, 1)) - rest).mean() < 0.03
    assert np.abs(inner_lip_gap(resting[:, 0])).max() < 0.06
    assert len(read_faces(faces_file, topology, 4.0).nodes) < PEOPLE * FRAMES


def test_ranges_are_those_of_the_faces(faces_file: Path, topology: Topology) -> None:
    faces = read_faces(faces_file, topology, 20.0)
    report = fit_ranges_rest_and_identity(topology, faces, NAMES, size=6, most=200)
    assert 8 <= report.people <= PEOPLE
    assert report.singles == 0
    assert set(report.fitted.ranges) == set(NAMES)
    for name, extreme in EXTREMES.items():
        assert report.fitted.ranges[name] == pytest.approx(extreme, abs=0.25), name
    assert report.explained > 0.7
    assert report.agreement["jawOpen"] > 0.7
    rest = BlendshapeModel(topology).average.points
    found = report.fitted.rest + np.array(topology.mean_shape)[node_indices(topology)]
    assert np.abs(found - rest).mean() < 0.03
