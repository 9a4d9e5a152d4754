"""Two views of a face: its crop and the mirrored crop, averaged."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from kilomark import Detector, Face, InvalidInputError, Tracker
from kilomark.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

BOX = np.array([181.0, 65.0, 271.0, 168.0])
"""Around the face of the demo photo."""


def mirrored_box(box: npt.NDArray[Any], width: int) -> npt.NDArray[Any]:
    return np.array([width - box[2], box[1], width - box[0], box[3]])


def placed_by_hand(detector: Detector, photo: npt.NDArray[Any]) -> tuple[Face, dict[str, Any]]:
    """The face, and the mean of it and of the face in the mirrored photo, landmark by landmark."""
    width = photo.shape[1]
    (face,) = detector.predict(photo, boxes=BOX)
    (other,) = detector.predict(
        np.ascontiguousarray(photo[:, ::-1]), boxes=mirrored_box(BOX, width)
    )
    partner = detector.topology.mirror
    there = other.landmarks[partner] * [-1, 1] + [width, 0]
    mean = {
        "landmarks": (face.landmarks + there) / 2,
        "spread": (face.spread + other.spread[partner]) / 2,
        "presence": (face.presence + other.presence) / 2,
    }
    if face.depth is not None and other.depth is not None:
        mean["depth"] = (face.depth + other.depth[partner]) / 2
    return face, mean


@pytest.mark.parametrize("model", ["lite", "wild"])
def test_two_views_are_the_mean_of_two_predictions(model: str, demo_photo: Path) -> None:
    photo = np.asarray(Image.open(demo_photo).convert("RGB"))[..., ::-1]
    one, mean = placed_by_hand(
        Detector(model, finder=None, device="cpu", num_threads=1, eyes=False), photo
    )

    (face,) = Detector(
        model, finder=None, device="cpu", num_threads=1, views=2, eyes=False
    ).predict(photo, boxes=BOX)

    assert ("depth" in mean) == (model == "wild")
    assert np.abs(one.landmarks - mean["landmarks"]).max() > 0.2  # the views do differ
    for name, expected in mean.items():
        np.testing.assert_allclose(getattr(face, name), expected, atol=0.01, err_msg=name)


def test_found_faces_are_placed_in_two_views(demo_photo: Path) -> None:
    detector = Detector("lite", device="cpu", num_threads=1, rescoring="lite", views=2)
    assert detector.views == 2
    (face,) = detector.predict(demo_photo)
    (placed,) = detector.place(demo_photo, detector.detect(demo_photo))
    np.testing.assert_allclose(face.landmarks, placed.landmarks, atol=1e-3)
    (one,) = Detector("lite", device="cpu", num_threads=1, rescoring="lite").predict(demo_photo)
    apart = np.linalg.norm(face.landmarks - one.landmarks, axis=1).mean()
    assert 0.05 < apart < 2
    assert face.score == pytest.approx(one.score)


def test_trackers_average_the_views_too(demo_photo: Path) -> None:
    photo = np.asarray(Image.open(demo_photo).convert("RGB"))[:300, :400, ::-1].copy()

    def raw(views: int) -> npt.NDArray[Any]:
        detector = Detector("lite", device="cpu", num_threads=1, views=views)
        return Tracker(detector).update(photo)[0].raw_landmarks

    assert 0.05 < np.linalg.norm(raw(2) - raw(1), axis=1).mean() < 2


@pytest.mark.parametrize("views", [0, 3, True, 1.5])
def test_other_numbers_of_views_are_refused(views: float, tiny: Path) -> None:
    with pytest.raises(
        InvalidInputError, match=r"views is .*; expected a whole number from 1 to 2"
    ):
        Detector(tiny, finder=None, device="cpu", views=views)  # type: ignore[arg-type]


def test_two_views_need_mirror_partners(tiny: Path, tmp_path: Path) -> None:
    bundle = shutil.copytree(tiny, tmp_path / "plain")
    manifest = json.loads((bundle / "manifest.json").read_text())
    del manifest["mirror"]
    (bundle / "manifest.json").write_text(json.dumps(manifest))

    assert Detector(bundle, finder=None, device="cpu").topology.mirror is None
    with pytest.raises(InvalidInputError, match=r"names no mirror partners .* pass views=1"):
        Detector(bundle, finder=None, device="cpu", views=2)


def test_the_command_takes_the_views(demo_photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "faces.json"

    def landmarks(*options: str) -> npt.NDArray[np.float64]:
        arguments = ["predict", str(demo_photo), "--model", "lite", "--json", str(out)]
        assert main([*arguments, *options]) == 0
        return np.array(json.loads(out.read_text())["photos"][0]["faces"][0]["landmarks"])

    (expected,) = Detector("lite", views=2).predict(demo_photo)
    np.testing.assert_allclose(landmarks("--views", "2"), expected.landmarks, atol=2e-3)
    assert np.abs(landmarks() - expected.landmarks).max() > 0.1
