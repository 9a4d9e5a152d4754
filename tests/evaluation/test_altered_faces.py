"""Altered photos: a perfect network has no error, a frozen one does not see lids close."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

from tests.drawn_head import make_head

from kilomark.data.face_mesh import LEFT_EYE, RIGHT_EYE
from kilomark.data.face_meshes import FaceMeshes
from kilomark.evaluation.altered_faces import AlteredAccuracy, measure_altered
from kilomark.evaluation.landmark_report_text import altered_lines
from kilomark.topology import LandmarkGroup, Topology

# Landmarks: 40 of the skin, then each eye from its outer corner along the lower lid and back.
EYES = [
    [eye.corners[0], *eye.lower, eye.corners[1], *reversed(eye.upper)]
    for eye in (RIGHT_EYE, LEFT_EYE)
]
CHOSEN = [*range(40), *EYES[0], *EYES[1]]


def measure(offset_px: float, *, ignores_lids: bool = False) -> AlteredAccuracy:
    """Measure a network that is off by ``offset_px`` and may always answer with open eyes."""
    matrix = np.eye(478, dtype=np.float32)[CHOSEN]
    head = make_head(160).astype(np.float32)
    meshes = FaceMeshes(np.stack([head] * 4), np.array([True, True, True, False]), matrix)
    groups = {
        name: LandmarkGroup(name, 40 + 16 * place, 16, closed=True)
        for place, name in enumerate(("right_eye", "left_eye"))
    }
    faces: Any = SimpleNamespace(
        image=lambda row: np.full((160, 160, 3), 90 + row, np.uint8),
        valid=np.tile(np.array([0, 0, 160, 160], np.float32), (4, 1)),
        topology=Topology(len(CHOSEN), groups),
    )
    answers: list[np.ndarray] = []
    honest = meshes.landmarks_of

    class Recorded(FaceMeshes):
        """Remembers the label of the photo that is asked for next."""

        def landmarks_of(self, vertices: np.ndarray) -> np.ndarray:
            answers.append(honest(vertices))
            return answers[-1]

    def predict(image: np.ndarray, box: np.ndarray) -> np.ndarray:
        del image, box
        flat = answers[-1][:, :2].copy()
        if ignores_lids:
            flat[40:] = honest(head)[40:, :2]
        return np.asarray(flat + np.array([offset_px, 0.0]))

    recorded = Recorded(meshes.vertices, meshes.has_depth, matrix)
    return measure_altered(predict, faces, recorded, range(4))


def test_a_perfect_network_has_no_error() -> None:
    found = measure(0.0)

    assert max(found.plain, found.masked, found.dark, *found.by_yaw.values()) < 1e-4
    assert found.blinks is not None
    assert found.blinks.slope == pytest.approx(1, abs=1e-4)
    assert found.blinks.closed_percent < 10


def test_an_offset_is_an_error_over_the_box() -> None:
    found = measure(3.0)
    extent = np.ptp(make_head(160)[CHOSEN, :2], axis=0)
    assert found.plain == pytest.approx(300 / np.sqrt(extent.prod()), rel=1e-3)


def test_lids_that_stay_open_have_no_slope() -> None:
    found = measure(0.0, ignores_lids=True)
    assert found.blinks is not None
    assert abs(found.blinks.slope) < 0.05
    assert found.blinks.closed_percent == pytest.approx(100, abs=1)


def test_the_table_names_every_kind() -> None:
    text = "\n".join(altered_lines(measure(1.0)))
    for name in ("as photographed", "turned, yaw", "mask drawn", "darkened", "Closing eyes"):
        assert name in text
    assert altered_lines(None) == []
