from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from kilomark.data.face_crops import FaceCrops, read_face_crops
from kilomark.data.geometry import apply_map, crop_map, warp
from kilomark.data.landmark_samples import LandmarkSamples, evaluation_crops
from kilomark.data.packed_images import read_packed_images
from kilomark.data.scenes import read_backgrounds
from kilomark.data.synthetic_negatives import face_part, hand, letters, texture
from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_splits_hold_the_labeled_faces(faces_dir: Path, cache_dir: Path) -> None:
    train = read_face_crops(faces_dir, "train", cache_dir)
    val = read_face_crops(faces_dir, "val", cache_dir)

    assert (len(train), len(val)) == (24, 6)
    assert train.landmarks.shape == (24, 971, 2)
    assert not set(train.person) & set(val.person)
    assert train.image(3).shape == (176, 176, 3)
    assert set(train.source) == {"mask", "drawn"}


def test_labels_lie_on_the_drawn_face(faces_dir: Path, cache_dir: Path) -> None:
    faces = read_face_crops(faces_dir, "val", cache_dir)

    center = faces.landmarks[0].mean(0)
    for fraction, is_face in ((0.9, True), (1.1, False)):
        x, y = (center + fraction * (faces.landmarks[0, ::100] - center)).astype(int).T
        assert ((faces.image(0)[y, x, 0] > 140) == is_face).all()


def test_the_second_reading_maps_the_cache(faces_dir: Path, tmp_path: Path) -> None:
    archives = [faces_dir / "val.tar"]
    first = read_packed_images(archives, tmp_path)
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.bin")}

    second = read_packed_images(archives, tmp_path)

    assert np.array_equal(first[2], second[2])
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.bin")} == written


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"no-such\.tar"):
        read_packed_images([tmp_path / "no-such.tar"], tmp_path)


def test_a_label_without_an_image_is_named(faces_dir: Path, tmp_path: Path) -> None:
    for name in ("labels.npz", "topology.json", "vertices_to_landmarks.npz"):
        shutil.copy(faces_dir / name, tmp_path)
    shutil.copy(faces_dir / "val.tar", tmp_path / "train-0.tar")

    with pytest.raises(InvalidInputError, match="24 labeled images are not in the archives"):
        read_face_crops(tmp_path, "train", tmp_path)


@pytest.fixture
def samples(faces_dir: Path, scenes_dir: Path, cache_dir: Path) -> LandmarkSamples:
    backgrounds, rows, _ = read_backgrounds(scenes_dir, cache_dir)
    faces = read_face_crops(faces_dir, "train", cache_dir)
    return LandmarkSamples(faces, backgrounds, rows, size=64, seed=5)


def test_a_sample_depends_on_its_index_alone(samples: LandmarkSamples) -> None:
    late = samples[17]
    samples[3]

    again = samples[17]

    assert np.array_equal(late.image, again.image)
    assert np.array_equal(late.landmarks, again.landmarks)


def test_samples_hold_faces_and_negatives(samples: LandmarkSamples) -> None:
    drawn = [samples[i] for i in range(200)]

    share = np.mean([sample.presence for sample in drawn])
    inside = np.concatenate([sample.landmarks for sample in drawn if sample.presence])

    assert 0.8 < share < 0.97
    assert ((inside > -0.3) & (inside < 1.3)).all()
    assert abs(inside.mean() - 0.5) < 0.02


def test_masked_faces_are_seen_from_afar_more_often(samples: LandmarkSamples) -> None:
    masked = replace(samples, masked=np.ones(len(samples.faces), bool))

    drawn = [(samples[i], masked[i]) for i in range(300)]

    changed = [other for one, other in drawn if not np.array_equal(one.image, other.image)]
    assert 0.15 < len(changed) / len(drawn) < 0.3
    assert all(sample.presence for sample in changed)


def test_mirroring_moves_landmarks_with_the_pixels(samples: LandmarkSamples) -> None:
    faces = samples.faces
    center, mirror = faces.landmarks[0].mean(0), faces.topology.mirror
    assert mirror is not None

    plain = apply_map(crop_map(center, 140, 64), faces.landmarks[0])
    mirrored = apply_map(crop_map(center, 140, 64, mirror=True), faces.landmarks[0])[mirror]

    # The drawn ring is symmetric, so every landmark comes to lie where it was.
    assert np.abs(plain - mirrored).max() < 0.05


@pytest.mark.parametrize("size", [64, 96, 128, 300])
def test_warp_keeps_the_pixel_center_rule(size: int) -> None:
    y, x = np.mgrid[:100, :100] + 0.5
    ramp = np.repeat((2 * x)[..., None], 3, 2).astype(np.uint8)
    affine = crop_map(np.array([50.0, 50.0]), 60, size)

    warped = warp(ramp, affine, (size, size))[..., 0].astype(float)

    wanted = 2 * (20 + 60 * (np.arange(size) + 0.5) / size)
    assert np.abs(warped[size // 2] - wanted).max() < 1.6
    assert abs((warped[size // 2] - wanted).mean()) < 0.6
    assert y.shape == x.shape


def test_evaluation_crops_show_the_whole_face(faces_dir: Path, cache_dir: Path) -> None:
    images, landmarks = evaluation_crops(read_face_crops(faces_dir, "val", cache_dir), 128)

    assert images.shape == (6, 128, 128, 3)
    longest = np.ptp(landmarks, axis=1).max(1)
    assert np.allclose(longest, 1 / 1.25, atol=1e-5)
    assert np.allclose((landmarks.min(1) + landmarks.max(1)) / 2, 0.5, atol=1e-5)


@pytest.fixture
def train_faces(faces_dir: Path, cache_dir: Path) -> FaceCrops:
    return read_face_crops(faces_dir, "train", cache_dir)


def test_no_background_is_trained_on_and_held_out(scenes_dir: Path, cache_dir: Path) -> None:
    _, rows, held_out = read_backgrounds(scenes_dir, cache_dir)

    assert len(rows) > 0
    assert len(held_out) > 0
    assert set(rows).isdisjoint(held_out)


@pytest.mark.parametrize("make", [face_part, hand])
def test_negatives_have_a_faces_colors(
    make: Callable[[FaceCrops, np.random.Generator], np.ndarray[Any, Any]], train_faces: FaceCrops
) -> None:
    negatives = [make(train_faces, np.random.default_rng(i)) for i in range(20)]

    assert all(image.dtype == np.uint8 and min(image.shape[:2]) >= 12 for image in negatives)
    skin = np.array([220, 190, 170])  # of the drawn faces
    near = [(np.abs(image - skin.astype(float)).max(2) < 60).mean() for image in negatives]
    assert np.mean(near) > 0.1


@dataclass
class OneFaceInASmallPhoto:
    landmarks: np.ndarray[Any, Any]

    def __len__(self) -> int:
        return 1

    def landmarks_of(self, _: int) -> np.ndarray[Any, Any]:
        return self.landmarks

    def image(self, _: int) -> np.ndarray[Any, Any]:
        return np.full((9, 14, 3), 77, np.uint8)


@pytest.mark.parametrize("make", [face_part, hand])
@pytest.mark.parametrize("around", [-500.0, 10.0, 500.0])
def test_negatives_come_of_faces_that_run_out_of_a_small_photo(
    make: Callable[[OneFaceInASmallPhoto, np.random.Generator], np.ndarray[Any, Any]],
    around: float,
    train_faces: FaceCrops,
) -> None:
    ring = train_faces.landmarks_of(0)
    faces = OneFaceInASmallPhoto((ring - ring.mean(0)) * 3 + around)

    negatives = [make(faces, np.random.default_rng(i)) for i in range(10)]

    assert all(image.size > 0 for image in negatives)


def test_a_part_of_a_face_is_less_than_half_of_it(train_faces: FaceCrops) -> None:
    widths = [face_part(train_faces, np.random.default_rng(i)).shape[1] for i in range(40)]

    assert max(widths) < 0.5 * np.ptp(train_faces.landmarks, axis=1).max()


@pytest.mark.parametrize("make", [texture, letters])
def test_what_is_drawn_has_two_colors_and_depends_on_the_seed(
    make: Callable[[np.random.Generator], np.ndarray[Any, Any]],
) -> None:
    first, again, other = (make(np.random.default_rng(seed)) for seed in (1, 1, 2))

    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.std() > 5
