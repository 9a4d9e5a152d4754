"""The bundles that come with kilomark, on the photo that comes with it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

import kilomark
from kilomark.manifest import FinderBundle, LandmarkBundle, read_bundle

if TYPE_CHECKING:
    from pathlib import Path

LANDMARK_BUNDLES = ("resnext50", "lite", "wild")

# Where the subject of the demo photo has her pupils, read off an enlargement by eye.
PUPILS_PX = np.array([[203.0, 100.8], [246.5, 103.3]])
MAX_PUPIL_ERROR_PX = 3.0

MAX_SIZE_BYTES = 32 * 2**20


@pytest.fixture(scope="module", params=LANDMARK_BUNDLES)
def detector(request: pytest.FixtureRequest) -> kilomark.Detector:
    return kilomark.Detector(request.param, device="cpu")


def _inter_ocular(face: kilomark.Face) -> float:
    return float(np.linalg.norm(face.landmarks[328] - face.landmarks[424]))


def _apart(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> float:
    return float(np.linalg.norm(one - other, axis=-1).mean())


def test_shipped_bundles_are_small() -> None:
    folders = kilomark.shipped_bundles()

    assert set(folders) == {
        "eyes", "faces", "faces-large", "lite", "resnext50", "resnext50-turned", "wild",
    }  # fmt: skip
    files = [path for folder in folders.values() for path in folder.rglob("*")]
    assert sum(path.stat().st_size for path in files) <= MAX_SIZE_BYTES


@pytest.mark.parametrize(
    "name", ["eyes", "faces", "faces-large", "resnext50-turned", *LANDMARK_BUNDLES]
)
def test_a_bundle_says_what_it_is(name: str) -> None:
    bundle = read_bundle(name)

    card = (bundle.folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    manifest = json.loads((bundle.folder / "manifest.json").read_text(encoding="utf-8"))
    assert bundle.accuracy
    for heading in ("## Data", "## Recipe", "## Accuracy", "## Limits", "## License"):
        assert heading in card
    assert manifest["training"]["samples_seen"] > 0
    if isinstance(bundle, LandmarkBundle) and bundle.of_eye:
        assert bundle.topology.num_landmarks == 129
        assert f"{bundle.accuracy['open_error_percent']:.1f} %" in card
    elif isinstance(bundle, LandmarkBundle):
        assert bundle.topology.num_landmarks == 971
        said = re.search(r"NME, mean over faces \| (\S+) %", card)
        assert said is not None
        # The manifest is rounded too, to four digits.
        assert float(said[1]) == pytest.approx(bundle.accuracy["nme_percent"], abs=0.0055)
    else:
        assert isinstance(bundle, FinderBundle)
        assert f"{bundle.accuracy['recall_percent']:.1f} %" in card


def test_the_demo_photo_has_one_face(detector: kilomark.Detector, demo_photo: Path) -> None:
    (face,) = detector.predict(demo_photo)

    assert face.landmarks.shape == (971, 2)
    assert face.score > 0.5
    assert face.presence > 0.9
    pupils = np.stack([face.group("right_pupil")[0], face.group("left_pupil")[0]])
    assert np.abs(pupils - PUPILS_PX).max() < MAX_PUPIL_ERROR_PX
    assert face.pose is not None
    assert abs(face.pose.yaw_deg) < 25
    assert 0 < face.pose.roll_deg < 12


def test_a_mirrored_photo_gives_mirrored_landmarks(
    detector: kilomark.Detector, demo_photo: Path
) -> None:
    image = cv2.imread(str(demo_photo))
    (face,) = detector.predict(image)
    (mirrored,) = detector.predict(image[:, ::-1])

    back = mirrored.landmarks[detector.topology.mirror] * (-1, 1) + (image.shape[1], 0)

    assert _apart(face.landmarks, back) < 0.04 * _inter_ocular(face)


def test_the_found_box_given_back_gives_the_same_face(
    detector: kilomark.Detector, demo_photo: Path
) -> None:
    (found,) = detector.predict(demo_photo)

    (given,) = detector.predict(demo_photo, boxes=found.box)

    assert given.score == 1
    assert _apart(found.landmarks, given.landmarks) < 0.03 * _inter_ocular(found)


@pytest.mark.parametrize("reduction", [0.5, 0.25, 0.137, 0.125])
def test_a_large_face_is_averaged_not_aliased(
    detector: kilomark.Detector, demo_photo: Path, reduction: float
) -> None:
    """A face of 1,000 px gives the landmarks of the same photo reduced first."""
    image = cv2.imread(str(demo_photo))[40:200, 150:310]
    large = cv2.resize(image, None, fx=10, fy=10, interpolation=cv2.INTER_CUBIC)
    rng = np.random.default_rng(0)
    grain = rng.normal(0, 40, (*large.shape[:2], 1))  # fine detail that sampling would alias
    large = np.clip(large + grain, 0, 255).astype(np.uint8)
    side = round(len(large) * reduction)
    reduced = cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA)
    box = 10 * np.array([38, 34, 119, 129], np.float32)
    to_reduced = side / len(large)

    (of_large,) = detector.predict(large, boxes=box)
    (of_reduced,) = detector.predict(reduced, boxes=box * to_reduced)

    assert np.ptp(of_large.box[[1, 3]]) > 900
    apart = _apart(of_large.landmarks * to_reduced, of_reduced.landmarks)
    assert apart < 0.005 * _inter_ocular(of_reduced)


def test_a_photo_without_a_face_has_none(detector: kilomark.Detector, demo_photo: Path) -> None:
    suit = cv2.imread(str(demo_photo))[250:, :256]

    assert detector.predict(suit) == []


def test_many_images_give_what_each_gives_alone(
    detector: kilomark.Detector, demo_photo: Path
) -> None:
    image = cv2.imread(str(demo_photo))
    images = [image, image[:400], image[20:, 60:]]

    together = detector.predict(images)

    for one, faces in zip(images, together, strict=True):
        (alone,) = detector.predict(one)
        assert np.abs(alone.landmarks - faces[0].landmarks).max() < 0.01


def test_resnext50_has_a_companion_for_hard_faces(demo_photo: Path) -> None:
    detectors = [
        kilomark.Detector("resnext50", device="cpu", blend=blend, eyes=False)
        for blend in ("auto", False)
    ]
    assert [detector.provenance.companion for detector in detectors] == ["resnext50-turned", None]
    image = cv2.imread(str(demo_photo))
    masked = cv2.rectangle(image.copy(), (185, 118), (268, 170), (230, 230, 230), -1)
    box = [181, 65, 271, 168]
    moved = []
    for photo in (image, masked):
        (face,), (alone,) = (detector.predict(photo, boxes=box) for detector in detectors)
        moved.append(_apart(face.landmarks, alone.landmarks) / _inter_ocular(alone))
    assert moved[1] > 2 * moved[0]


def test_wild_predicts_depth(demo_photo: Path) -> None:
    (face,) = kilomark.Detector("wild", device="cpu").predict(demo_photo)

    points = face.landmarks_3d
    assert points is not None
    assert points.shape == (971, 3)
    nose, oval = face.topology.group("nose_ridge").indices, face.topology.group("face_oval").indices
    assert points[nose, 2].mean() < points[oval, 2].mean() - 0.1 * _inter_ocular(face)
    assert face.pose is not None
    assert abs(face.pose.yaw_deg) < 25


def test_lite_alone_predicts_no_depth(demo_photo: Path) -> None:
    (face,) = kilomark.Detector("lite", device="cpu", blend=False).predict(demo_photo)

    assert face.depth is None
    assert face.landmarks_3d is None
