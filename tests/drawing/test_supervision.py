from __future__ import annotations

import sys

import numpy as np
import pytest

from kilomark import DependencyError, Detector, Face, TrackedFace
from kilomark.supervision import to_detections, to_key_points


@pytest.fixture(scope="module")
def faces() -> list[TrackedFace]:
    topology = Detector("lite", finder=None).topology
    assert topology.mean_shape is not None
    made = []
    for number in (3, 8):
        landmarks = (topology.mean_shape[:, :2] * 20 * number + [200, 150]).astype(np.float32)
        made.append(
            TrackedFace(
                landmarks=landmarks,
                raw_landmarks=landmarks,
                spread=np.ones(971, np.float32),
                box=np.concatenate([landmarks.min(0), landmarks.max(0)]),
                score=0.1 * number,
                presence=1.0,
                topology=topology,
                id=number,
                age=0,
                velocity=np.zeros(2, np.float32),
            )
        )
    return made


def test_key_points_and_detections_hold_the_faces(faces: list[TrackedFace]) -> None:
    supervision = pytest.importorskip("supervision", reason="needs kilomark[supervision]")
    points, boxes = to_key_points(faces), to_detections(faces)
    np.testing.assert_array_equal(points.xy, [face.landmarks for face in faces])
    np.testing.assert_array_equal(boxes.xyxy, [face.box for face in faces])
    assert boxes.confidence.tolist() == pytest.approx([0.3, 0.8])
    assert boxes.tracker_id.tolist() == [3, 8]
    drawn = supervision.VertexAnnotator(radius=1).annotate(
        np.zeros((300, 400, 3), np.uint8), points
    )
    assert drawn.any()


def test_faces_that_are_not_tracked_have_no_tracker_id(faces: list[TrackedFace]) -> None:
    pytest.importorskip("supervision", reason="needs kilomark[supervision]")
    first = faces[0]
    plain = Face(first.landmarks, first.spread, first.box, 1.0, 1.0, first.topology)
    assert to_detections([plain, first]).tracker_id is None


def test_no_faces_are_empty_values() -> None:
    pytest.importorskip("supervision", reason="needs kilomark[supervision]")
    assert len(to_detections([])) == 0
    assert len(to_key_points([])) == 0


def test_the_error_without_supervision_names_the_extra(
    faces: list[TrackedFace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "supervision", None)
    for convert in (to_key_points, to_detections):
        with pytest.raises(DependencyError, match=r"kilomark\[supervision\]"):
            convert(faces)
