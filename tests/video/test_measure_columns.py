"""The measures of a video's table, on faces that blink, yawn and nod as told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kilomark import Detector, InvalidInputError, TrackedFace
from kilomark.measures import BLENDSHAPES, MEASURES
from kilomark.pose import Pose, to_rotation
from kilomark.video.measure_columns import MeasuresOverTime, measure_columns

FPS = 30


@pytest.fixture(scope="module")
def face() -> TrackedFace:
    topology = Detector("lite", finder=None).topology
    assert topology.mean_shape is not None
    return pictured(topology.mean_shape, topology)


def pictured(shape: np.ndarray, topology: object, pitch: float = 0.0) -> TrackedFace:
    turned = shape @ to_rotation(Pose(0.0, pitch, 0.0)).T
    landmarks = (turned[:, :2] * 120 + [320, 240]).astype(np.float32)
    return TrackedFace(
        landmarks=landmarks,
        raw_landmarks=landmarks,
        spread=np.ones(len(landmarks), np.float32),
        box=np.concatenate([landmarks.min(0), landmarks.max(0)]),
        score=1.0,
        presence=1.0,
        topology=topology,  # type: ignore[arg-type]
        id=1,
        age=0,
        velocity=np.zeros(2, np.float32),
    )


def opened(face: TrackedFace, name: str, change: float) -> np.ndarray:
    """The mean face; the lower half of a contour is moved down, in distances of the eye corners."""
    shape = np.array(face.topology.mean_shape)
    group = face.topology.group(name)
    shape[group.start + 1 : group.start + group.count // 2, 1] += change
    return shape


def events(faces: list[TrackedFace], column: str) -> list[object]:
    over_time = MeasuresOverTime("basic")
    rows = [over_time.values_of(one, n / FPS) for n, one in enumerate(faces)]
    return [row[column] for row in rows if row[column] is not None]


def test_columns_of_each_set() -> None:
    assert measure_columns("none") == {}
    assert list(measure_columns("basic"))[: len(MEASURES)] == list(MEASURES)
    assert set(BLENDSHAPES) < set(measure_columns("all"))
    with pytest.raises(InvalidInputError, match="expected one of none, basic, all"):
        measure_columns("some")  # type: ignore[arg-type]


@pytest.mark.parametrize("measures", ["none", "basic", "all"])
def test_values_fill_the_columns(face: TrackedFace, measures: str) -> None:
    values = MeasuresOverTime(measures).values_of(face, 0.0)  # type: ignore[arg-type]
    assert list(values) == list(measure_columns(measures))  # type: ignore[arg-type]


def test_a_blink_is_told_in_the_frame_in_which_it_ends(face: TrackedFace) -> None:
    closed = opened(face, "right_eye", -0.09)
    left = face.topology.group("left_eye")
    closed[left.indices] = opened(face, "left_eye", -0.09)[left.indices]
    faces = [face] * 30 + [pictured(closed, face.topology)] * 6 + [face] * 10
    (duration,) = events(faces, "blink_seconds")
    assert duration == pytest.approx(0.2, abs=0.05)


def test_a_yawn_has_its_length(face: TrackedFace) -> None:
    yawning = pictured(opened(face, "inner_lips", 0.5), face.topology)
    (duration,) = events([face] * 10 + [yawning] * 60 + [face] * 5, "yawn_seconds")
    assert duration == pytest.approx(2.0, abs=0.1)


def test_a_nod_is_a_nod(face: TrackedFace) -> None:
    shape = np.array(face.topology.mean_shape)
    pitches = 10 * np.sin(2 * np.pi * 2 * np.arange(60) / FPS)
    faces = [pictured(shape, face.topology, float(pitch)) for pitch in pitches]
    found = events(faces, "gesture")
    assert found
    assert set(found) == {"nod"}


def test_a_network_without_a_mean_face_has_no_measures(face: TrackedFace) -> None:
    bare = replace(face, topology=replace(face.topology, mean_shape=None))
    values = MeasuresOverTime("all").values_of(bare, 0.0)
    assert set(values) == set(measure_columns("all"))
    assert set(values.values()) == {None}
