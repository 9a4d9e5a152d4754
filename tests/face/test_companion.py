"""A second landmark network for the faces that are hard for the first one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.tiny_bundles import CROP_SCALE, CROP_SIZE, write_landmark_bundle

from kilomark import BundleError, Detector, InvalidInputError, Tracker

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

SHIFT_PX = 4.0
"""How far right the companion puts its landmarks, in pixels of the crop."""
RULE = {"spread_from": 0.02, "spread_to": 0.06, "spread_factor": 1.0}
BOX_ROOT = np.sqrt(16 * 8)
"""Of the tiny network's landmarks, in pixels of the crop."""
BOX = [10.0, 10.0, 42.0, 42.0]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny network; the spread that it reports is the crop's brightness, 0 to 1."""
    folder = tmp_path_factory.mktemp("bundles")
    write_landmark_bundle(folder / "second", shift_px=SHIFT_PX, name="second")
    return write_landmark_bundle(folder / "first", companion={"name": "second", **RULE})


@pytest.fixture(scope="module")
def detector(model: Path) -> Detector:
    return Detector(model, finder=None, device="cpu", num_threads=1)


def gray(brightness: float) -> npt.NDArray[np.uint8]:
    return np.full((64, 64, 3), round(255 * brightness), np.uint8)


def moved(detector: Detector, brightness: float) -> float:
    """How far right of the first network's place a face's landmarks are, in pixels of the crop."""
    alone = Detector(
        detector._settings["model"],
        finder=None, device="cpu", num_threads=1, blend=False,
    )  # fmt: skip
    (face,), (first,) = (d.predict(gray(brightness), boxes=BOX) for d in (detector, alone))
    np.testing.assert_allclose(face.spread, first.spread, rtol=1e-5)  # both networks say the same
    shifts = (face.landmarks - first.landmarks) * CROP_SIZE / (32 * CROP_SCALE)
    assert np.ptp(shifts, axis=0).max() < 1e-4
    return float(shifts[0, 0])


@pytest.mark.parametrize("brightness", [0.1, 0.3, 0.5, 0.9])
def test_a_face_is_blended_as_far_as_it_is_hard(detector: Detector, brightness: float) -> None:
    hardness = round(255 * brightness) / 255 / BOX_ROOT
    gate = np.clip(
        (hardness - RULE["spread_from"]) / (RULE["spread_to"] - RULE["spread_from"]), 0, 1
    )
    assert moved(detector, brightness) == pytest.approx(SHIFT_PX * gate / 2, abs=2e-3)


def test_of_many_faces_only_hard_ones_are_blended(detector: Detector) -> None:
    image = np.concatenate([gray(0.1), gray(0.9), gray(0.2)], axis=1)
    boxes = [[x + 10.0, 10.0, x + 42.0, 42.0] for x in (0, 64, 128)]
    together = detector.predict([image, image[:, 64:128]], boxes=[boxes, [BOX]])
    expected = [0.0, SHIFT_PX / 2 * 32 * CROP_SCALE / CROP_SIZE, 0.0]
    unmoved = [box[0] + 16 - 20 + 8 * 40 / 32 for box in boxes]
    found = [face.landmarks[0, 0] - x for face, x in zip(together[0], unmoved, strict=True)]
    np.testing.assert_allclose(found, expected, atol=2e-3)
    np.testing.assert_allclose(
        together[1][0].landmarks, together[0][1].landmarks - [64, 0], atol=2e-3
    )


def test_a_detector_says_that_it_blends(model: Path, detector: Detector, tiny_faces: Path) -> None:
    assert detector.blends
    assert detector.provenance.companion == "second"
    companion = (model.parent / "second" / "model.onnx").read_bytes()
    assert detector.provenance.companion_sha256 == hashlib.sha256(companion).hexdigest()
    alone = Detector(model, finder=None, device="cpu", blend=False)
    assert not alone.blends
    assert alone.provenance.companion is alone.provenance.companion_sha256 is None
    asked = Detector(model, finder=tiny_faces, rescoring=None, device="cpu", blend=True)
    assert asked.blends


def test_trackers_use_it_only_if_asked_to(model: Path, tiny_faces: Path) -> None:
    frame = gray(0.0)
    frame[24:32, 24:32] = 255  # one face, half of whose crop is bright
    frame[16:40, 16:40] = np.maximum(frame[16:40, 16:40], 200)
    options: dict[str, Any] = {
        "finder": tiny_faces, "rescoring": None, "device": "cpu", "num_threads": 1,
        "presence_threshold": 0, "score_threshold": 0.9,
    }  # fmt: skip
    places = []
    for blend in (False, "auto", True):
        (face,) = Tracker(Detector(model, blend=blend, **options)).update(frame)
        places.append(face.landmarks)
    np.testing.assert_array_equal(places[0], places[1])
    assert (places[2] - places[0])[:, 0].min() > 0.1


def test_two_views_are_those_of_both_networks(model: Path) -> None:
    two = Detector(model, finder=None, device="cpu", num_threads=1, views=2)
    (face,) = two.predict(gray(0.9), boxes=BOX)
    # Mirrored, each shift is undone.
    (alone,) = Detector(model, finder=None, device="cpu", views=2, blend=False).predict(
        gray(0.9), boxes=BOX
    )
    np.testing.assert_allclose(face.landmarks, alone.landmarks, atol=1e-3)


def test_a_companion_that_is_missing_or_unlike_is_an_error(tmp_path: Path) -> None:
    alone = write_landmark_bundle(tmp_path / "alone", companion={"name": "gone", **RULE})
    with pytest.raises(BundleError, match=r"companion 'gone' of .* neither beside .* blend=False"):
        Detector(alone, finder=None, device="cpu")
    assert not Detector(alone, finder=None, device="cpu", blend=False).blends
    write_landmark_bundle(tmp_path / "gone", mirror=[0, 1, 2, 3, 4])
    with pytest.raises(BundleError, match="places different landmarks"):
        Detector(alone, finder=None, device="cpu")
    shipped = write_landmark_bundle(tmp_path / "other", companion={"name": "lite", **RULE})
    with pytest.raises(
        BundleError, match="'lite' places different landmarks"
    ):  # 971, a shipped one
        Detector(shipped, finder=None, device="cpu")


def test_the_option_is_still_checked(model: Path) -> None:
    with pytest.raises(InvalidInputError, match="blend is 'yes'"):
        Detector(model, finder=None, device="cpu", blend="yes")  # type: ignore[arg-type]
