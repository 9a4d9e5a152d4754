"""The network that sees each eye again, in a crop of its own."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.tiny_bundles import CROP_SIZE, landmarks_in, write_landmark_bundle

from kilomark import BundleError, Detector, Tracker

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt


RULE = {"width_from": 0.45, "width_to": 0.7, "spread_factor": 0.5}
EYE_CROP_SCALE = 2.0
EYE = np.array([[6, 18], [25, 15]], np.float32)
"""Where the tiny network of an eye puts both corners, in pixels of its crop."""
BOX = [20.0, 20.0, 84.0, 84.0]
IMAGE = np.full((104, 104, 3), 128, np.uint8)


def write_eye_bundle(folder: Path, **changes: object) -> Path:
    return write_landmark_bundle(
        folder,
        landmarks=EYE,
        **{
            "name": folder.name,
            "of_eye": True,
            "crop_scale": EYE_CROP_SCALE,
            "num_landmarks": 2,
            "groups": [{"name": "right_eye", "start": 0, "count": 2, "closed": True}],
            "mirror": None,
            "subset_68": None,
            "mean_shape": None,
            **changes,
        },
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny network of faces, which names a tiny network of eyes."""
    folder = tmp_path_factory.mktemp("bundles")
    write_eye_bundle(folder / "looking")
    return write_landmark_bundle(folder / "first", eyes={"name": "looking", **RULE})


def make(model: Path, **options: Any) -> Detector:  # noqa: ANN401
    return Detector(model, finder=None, device="cpu", num_threads=1, **options)


def expected_eyes(coarse: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Where both corners of the right and of the left eye belong; rows as in the face."""
    result = coarse.copy()
    for rows, outward in (([0, 1], 1), ([2, 3], -1)):
        outer, inner = coarse[rows]
        width = np.linalg.norm(inner - outer)
        per_px = EYE_CROP_SCALE * width / CROP_SIZE
        offset = (EYE - CROP_SIZE / 2) * per_px * [outward, 1]
        # The same gray everywhere, so both networks report the same spread in their own pixels.
        ratio = RULE["spread_factor"] * per_px / (80 / CROP_SIZE)
        weight = 1 / (1 + ratio**3)
        result[rows] += weight * ((outer + inner) / 2 + offset - coarse[rows])
    return result


def test_both_eyes_are_placed_anew_in_crops_of_their_own(model: Path) -> None:
    (face,) = make(model).predict(IMAGE, boxes=BOX)
    expected = expected_eyes(landmarks_in(BOX))
    np.testing.assert_allclose(face.landmarks, expected, atol=5e-3)
    (alone,) = make(model, eyes=False).predict(IMAGE, boxes=BOX)
    np.testing.assert_allclose(alone.landmarks, landmarks_in(BOX), atol=1e-3)
    np.testing.assert_array_equal(face.spread, alone.spread)


def test_many_faces_are_as_one(model: Path) -> None:
    detector = make(model, max_batch=3)
    boxes = [BOX, [10.0, 15.0, 60.0, 65.0], [30.0, 30.0, 70.0, 70.0]]
    together = detector.predict([IMAGE, IMAGE], boxes=[boxes, boxes[:1]])
    for box, face in zip([*boxes, BOX], [*together[0], *together[1]], strict=True):
        (alone,) = detector.predict(IMAGE, boxes=box)
        np.testing.assert_allclose(face.landmarks, alone.landmarks, atol=1e-3)


def test_a_detector_says_which_network_it_is(model: Path) -> None:
    provenance = make(model).provenance
    assert provenance.eyes == "looking"
    found = (model.parent / "looking" / "model.onnx").read_bytes()
    assert provenance.eyes_sha256 == hashlib.sha256(found).hexdigest()
    without = make(model, eyes=False).provenance
    assert without.eyes is without.eyes_sha256 is None


def test_trackers_use_it(model: Path, tiny_faces: Path) -> None:
    frame = np.zeros((64, 64, 3), np.uint8)
    frame[24:32, 24:32] = 255
    places = []
    for eyes in (True, False):
        detector = Detector(
            model, finder=tiny_faces, rescoring=None, device="cpu", num_threads=1,
            presence_threshold=0, score_threshold=0.9, eyes=eyes,
        )  # fmt: skip
        (face,) = Tracker(detector).update(frame)
        places.append(face.landmarks)
    assert np.abs(places[0] - places[1])[:4].max() > 0.1
    np.testing.assert_allclose(places[0][4], places[1][4], atol=0.1)  # smoothed with the face


def test_a_network_that_is_missing_or_does_not_fit_is_an_error(tmp_path: Path) -> None:
    model = write_landmark_bundle(tmp_path / "face", eyes={"name": "gone", **RULE})
    with pytest.raises(BundleError, match=r"eye network 'gone' of .* pass eyes=False"):
        make(model)
    assert make(model, eyes=False).provenance.eyes is None
    groups = [{"name": "third_eye", "start": 0, "count": 2, "closed": True}]
    for changes, message in (
        ({"of_eye": False}, "'gone' sees faces"),
        ({"groups": groups}, r'the group "third_eye"'),
    ):
        write_eye_bundle(tmp_path / "gone", **changes)
        with pytest.raises(BundleError, match=message):
            make(model)
    shutil.rmtree(tmp_path / "gone")
    write_eye_bundle(tmp_path / "gone")
    with pytest.raises(BundleError, match="'gone' sees one eye; model= expects"):
        make(tmp_path / "gone")
    no_mirror = write_landmark_bundle(
        tmp_path / "other", mirror=None, eyes={"name": "gone", **RULE}
    )
    with pytest.raises(BundleError, match="without a mirror"):
        make(no_mirror)
