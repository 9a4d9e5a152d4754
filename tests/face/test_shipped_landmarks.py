"""What the shipped landmark networks place where, on the demo photo and variants of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from kilomark import Detector, Face
from kilomark.manifest import read_landmark_bundle

if TYPE_CHECKING:
    from pathlib import Path

MODELS = ("resnext50", "lite")


@pytest.fixture(scope="module", params=MODELS)
def detector(request: pytest.FixtureRequest) -> Detector:
    return Detector(request.param, device="cpu")


@pytest.fixture(scope="module")
def photo(demo_photo: Path) -> Image.Image:
    with Image.open(demo_photo) as image:
        return image.convert("RGB")


def only_face(detector: Detector, image: Image.Image) -> Face:
    (face,) = detector.predict(image)
    return face


def interocular_px(face: Face) -> float:
    return float(np.linalg.norm(face.landmarks[328] - face.landmarks[424]))


def distance(face: Face, landmarks: np.ndarray) -> float:
    """Mean distance of the landmarks over the distance between the outer eye corners."""
    gaps = np.linalg.norm(face.landmarks - landmarks, axis=1)
    return float(gaps.mean()) / interocular_px(face)


@pytest.mark.parametrize("name", MODELS)
def test_topology_is_symmetric(name: str) -> None:
    topology = read_landmark_bundle(name).topology
    assert topology.num_landmarks == 971
    assert topology.mean_shape is not None
    mirrored = topology.mean_shape[topology.mirror] * [-1, 1, 1]
    np.testing.assert_allclose(mirrored, topology.mean_shape, atol=1e-3)
    for side, group in topology.groups.items():
        partner = side.replace("left", "?").replace("right", "left").replace("?", "right")
        other = topology.groups[partner].indices
        assert set(topology.mirror[group.indices]) == set(range(other.start, other.stop))


def test_groups_cover_every_landmark_once() -> None:
    topology = read_landmark_bundle("resnext50").topology
    covered = [index for group in topology.groups.values() for index in range(971)[group.indices]]
    assert covered == list(range(971))
    assert topology.subset_68 is not None
    assert len(set(topology.subset_68)) == 68


def test_face_of_the_demo_photo(detector: Detector, photo: Image.Image) -> None:
    face = only_face(detector, photo)
    x0, y0, x1, y1 = face.box
    assert face.score > 0.5
    assert face.presence > 0.5
    for eye in (face.group("right_pupil"), face.group("left_pupil")):
        assert x0 < eye[0, 0] < x1
        assert y0 < eye[0, 1] < (y0 + y1) / 2
    assert 0.1 * (x1 - x0) < interocular_px(face) < 0.9 * (x1 - x0)
    low, high = face.landmarks.min(axis=0), face.landmarks.max(axis=0)
    assert np.abs(np.concatenate([low, high]) - face.box).max() < 0.15 * (x1 - x0)


def test_parts_of_the_face_are_in_place(detector: Detector, photo: Image.Image) -> None:
    face = only_face(detector, photo)
    center = {name: points.mean(axis=0) for name, points in face.groups.items()}
    assert center["right_eye"][0] < center["nose_ridge"][0] < center["left_eye"][0]
    assert center["right_brow"][1] < center["right_eye"][1] < center["nose_ridge"][1]
    assert center["nose_ridge"][1] < center["outer_lips"][1] < face.landmarks[100, 1]
    for side in ("right", "left"):
        apart = np.linalg.norm(center[f"{side}_iris"] - center[f"{side}_pupil"])
        assert apart < 0.02 * interocular_px(face)


def test_spread_is_the_size_of_an_error(detector: Detector, photo: Image.Image) -> None:
    face = only_face(detector, photo)
    assert (face.spread > 0).all()
    assert face.spread.mean() < 0.1 * interocular_px(face)


def test_68_landmarks_lie_where_their_parts_are(detector: Detector, photo: Image.Image) -> None:
    face = only_face(detector, photo)
    points = face.to_68()
    assert points.shape == (68, 2)
    unit = interocular_px(face)
    for rows, group in ((slice(36, 42), "right_eye"), (slice(42, 48), "left_eye")):
        gap = points[rows].mean(axis=0) - face.group(group).mean(axis=0)
        assert np.linalg.norm(gap) < 0.05 * unit
    assert points[0, 0] < points[8, 0] < points[16, 0]


@pytest.mark.parametrize("factor", [0.5, 2, 4])
def test_size_of_the_photo_does_not_matter(
    detector: Detector, photo: Image.Image, factor: float
) -> None:
    face = only_face(detector, photo)
    size = (round(photo.width * factor), round(photo.height * factor))
    scaled = photo.resize(size, Image.Resampling.BICUBIC)
    (other,) = detector.predict(scaled, boxes=face.box * factor)
    (same,) = detector.predict(photo, boxes=face.box)
    assert distance(same, other.landmarks / factor) < 0.02


def test_gray_photo_gives_nearly_the_same(detector: Detector, photo: Image.Image) -> None:
    face = only_face(detector, photo)
    assert distance(face, only_face(detector, photo.convert("L")).landmarks) < 0.05


def test_two_faces_in_one_photo(detector: Detector, photo: Image.Image) -> None:
    pair = Image.new("RGB", (2 * photo.width, photo.height))
    pair.paste(photo, (0, 0))
    pair.paste(photo, (photo.width, 0))
    faces = sorted(detector.predict(pair), key=lambda face: float(face.box[0]))
    assert len(faces) == 2
    assert distance(faces[0], faces[1].landmarks - [photo.width, 0]) < 0.02


@pytest.mark.parametrize(
    "image", [np.zeros((480, 640, 3), np.uint8), np.full((99, 7), 255, np.uint8)]
)
def test_no_face_where_there_is_none(detector: Detector, image: np.ndarray) -> None:
    assert detector.predict(image) == []


def test_no_face_in_noise_nor_in_the_upper_corner(detector: Detector, photo: Image.Image) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    assert detector.predict(noise) == []
    (corner,) = detector.predict(photo, boxes=[0, 0, 90, 90])
    assert corner.presence < 0.5
