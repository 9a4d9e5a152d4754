"""Samples of faces whose mesh is known: depth, weights and altered photos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("cv2")

from tests.drawn_head import make_head

from kilomark.data.alterations import Alterations, alter_face, repeat_border
from kilomark.data.face_meshes import FaceMeshes, read_face_meshes
from kilomark.data.landmark_samples import LandmarkSamples, MeshSample
from kilomark.errors import InvalidInputError
from kilomark.topology import Topology

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 160
NUM_LANDMARKS = 468


@dataclass
class OneFace:
    """A head of vertices, the first 468 of which are the landmarks."""

    topology: Topology

    def __len__(self) -> int:
        return 1

    def image(self, face: int) -> np.ndarray:
        del face
        return np.full((SIZE, SIZE, 3), 120, np.uint8)

    def landmarks_of(self, face: int) -> np.ndarray:
        del face
        return make_head(SIZE)[:NUM_LANDMARKS, :2].astype(np.float32)

    def valid_part(self, face: int, image: np.ndarray) -> np.ndarray:
        del face, image
        return np.array([0, 0, SIZE, SIZE], np.float32)


def make_samples(alterations: Alterations, *, has_depth: bool = True) -> LandmarkSamples:
    meshes = FaceMeshes(
        make_head(SIZE)[None].astype(np.float32),
        np.array([has_depth]),
        np.eye(NUM_LANDMARKS, 478, dtype=np.float32),
    )
    faces = OneFace(Topology(NUM_LANDMARKS, {}))
    return LandmarkSamples(
        faces, None, None, size=64, seed=1, negative_share=0.0, meshes=meshes,
        alterations=alterations,
    )  # fmt: skip


def test_depth_is_in_units_of_the_crop() -> None:
    sample = make_samples(Alterations())[0]
    assert isinstance(sample, MeshSample)
    head = make_head(SIZE)[:NUM_LANDMARKS]
    scale = np.ptp(sample.landmarks[:, 1]) / np.ptp(head[:, 1])
    expected = (head[:, 2] - head[:, 2].mean()) * scale
    np.testing.assert_allclose(sample.depth, expected, atol=0.06)
    assert (sample.weight == 1).all()


def test_unknown_depth_is_not_a_number() -> None:
    sample = make_samples(Alterations(turned=1.0), has_depth=False)[0]
    assert isinstance(sample, MeshSample)
    assert np.isnan(sample.depth).all()


def test_hidden_landmarks_of_turned_faces_count_less() -> None:
    drawn = [make_samples(Alterations(turned=1.0))[i] for i in range(6)]
    weights = np.stack([sample.weight for sample in drawn if isinstance(sample, MeshSample)])
    assert weights.min() == pytest.approx(1 / 3, abs=1e-6)
    assert weights.max() == 1


def test_nothing_is_altered_unless_asked_for() -> None:
    image = np.full((SIZE, SIZE, 3), 120, np.uint8)
    valid = np.array([0, 0, SIZE, SIZE], np.float32)
    assert (
        alter_face(image, make_head(SIZE), valid, np.random.default_rng(0), Alterations()) is None
    )


@pytest.mark.parametrize("name", ["turned", "closed", "dressed"])
def test_each_alteration_changes_the_photo(name: str) -> None:
    rng = np.random.default_rng(2)
    image = rng.integers(0, 255, (SIZE, SIZE, 3)).astype(np.uint8)
    valid = np.array([0, 0, SIZE, SIZE], np.float32)
    altered = alter_face(image, make_head(SIZE), valid, rng, Alterations(**{name: 1.0}))
    assert altered is not None
    assert (altered.image != image).any()
    assert np.allclose(altered.vertices, make_head(SIZE)) == (name == "dressed")


def test_shares_are_fractions() -> None:
    with pytest.raises(InvalidInputError, match="turned"):
        Alterations(turned=1.5)


def test_the_border_is_repeated() -> None:
    image = np.zeros((20, 20, 3), np.uint8)
    image[:, 5:15] = 99
    filled = repeat_border(image, np.array([5, 0, 15, 20], np.float32))
    assert (filled == 99).all()


def test_a_data_set_without_depth_says_so(faces_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="478"):
        read_face_meshes(faces_dir, "train")
    labels = dict(np.load(faces_dir / "labels.npz"))
    labels["vertices"] = labels["vertices"][:, :478]
    np.savez(tmp_path / "labels.npz", **labels)
    with pytest.raises(InvalidInputError, match="no depth"):
        read_face_meshes(tmp_path, "train")


def test_depth_of_labels_is_scaled(faces_dir: Path, tmp_path: Path) -> None:
    labels = dict(np.load(faces_dir / "labels.npz"))
    labels["vertices"] = labels["vertices"][:, :478]
    labels["depth"] = np.full((30, 478), 320, np.int16)
    np.savez(tmp_path / "labels.npz", **labels)
    index = np.arange(478)
    np.savez(
        tmp_path / "vertices_to_landmarks.npz",
        row=index,
        col=index,
        weight=np.ones(478, np.float32),
    )
    meshes = read_face_meshes(tmp_path, "val")
    assert meshes.vertices.shape == (6, 478, 3)
    np.testing.assert_allclose(meshes.vertices[..., 2], 11.0, rtol=1e-5)
