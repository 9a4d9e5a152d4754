"""The landmarks of two networks, blended by their spread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from kilomark import Detector, InvalidInputError, Tracker

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from kilomark import Regions

BOX = [181.0, 65.0, 271.0, 168.0]
"""Around the face of the demo photo."""


@pytest.fixture(scope="module")
def blending() -> Detector:
    return Detector("lite", device="cpu", num_threads=1, rescoring="wild", eyes=False)


@pytest.fixture(scope="module")
def alone() -> Detector:
    return Detector("lite", device="cpu", num_threads=1, rescoring="wild", blend=False, eyes=False)


def blended_by_hand(
    alone: Detector, photo: Path, regions: Regions
) -> dict[str, npt.NDArray[np.floating[Any]]]:
    """What two detectors of one network each say of the regions, and their weighted mean."""
    (one,) = alone.place(photo, regions)
    (other,) = Detector("wild", finder=None, device="cpu", num_threads=1, eyes=False).place(
        photo, regions
    )
    weights = 1 / np.stack([one.spread, 1.2 * other.spread]).astype(float) ** 3
    share = (weights[1] / weights.sum(0))[:, None]
    assert 0.02 < share.min() < share.max() < 0.98
    assert other.depth is not None
    return {
        "landmarks": one.landmarks + share * (other.landmarks - one.landmarks),
        "spread": one.spread + share[:, 0] * (other.spread - one.spread),
        "depth": other.depth,
        "presence": np.array(one.presence),
    }


def test_found_faces_are_blended_by_spread(
    blending: Detector, alone: Detector, demo_photo: Path
) -> None:
    assert blending.blends
    expected = blended_by_hand(alone, demo_photo, blending.detect(demo_photo))
    (face,) = blending.predict(demo_photo)
    (placed,) = blending.place(demo_photo, blending.detect(demo_photo))
    for found in (face, placed):
        for name, value in expected.items():
            np.testing.assert_allclose(getattr(found, name), value, atol=0.01, err_msg=name)
    assert face.landmarks_3d is not None
    (other,) = alone.predict(demo_photo)
    assert np.abs(face.landmarks - other.landmarks).max() > 0.1
    assert other.depth is None


def test_given_boxes_are_blended_where_there_is_a_second_network(
    blending: Detector, alone: Detector, demo_photo: Path
) -> None:
    (one,) = alone.predict(demo_photo, boxes=BOX)
    (blended,) = blending.predict(demo_photo, boxes=BOX)
    assert np.abs(one.landmarks - blended.landmarks).max() > 0.1
    single = Detector("lite", finder=None, device="cpu", num_threads=1, eyes=False)
    assert not single.blends
    (same,) = single.predict(demo_photo, boxes=BOX)
    np.testing.assert_allclose(same.landmarks, one.landmarks, atol=1e-3)


def test_trackers_blend_only_if_asked_to(demo_photo: Path, blending: Detector) -> None:
    frame = np.asarray(Image.open(demo_photo).convert("RGB"))[:300, :400, ::-1].copy()
    (face,) = Tracker(blending).update(frame)
    assert face.depth is None
    asked = Detector("lite", device="cpu", num_threads=1, rescoring="wild", blend=True)
    (face,) = Tracker(asked).update(frame)
    assert face.depth is not None


@pytest.mark.parametrize(
    "options", [{"rescoring": None}, {}, {"finder": None}, {"rescoring": "wild", "blend": False}]
)
def test_one_network_is_not_blended(options: dict[str, Any]) -> None:
    assert not Detector("lite", device="cpu", num_threads=1, **options).blends


def test_networks_of_other_landmarks_are_not_blended(tiny: Path, tiny_faces: Path) -> None:
    assert not Detector(tiny, finder=tiny_faces, device="cpu").blends
    with pytest.raises(InvalidInputError, match="'wild' place different landmarks"):
        Detector(tiny, finder=tiny_faces, device="cpu", rescoring="wild", blend=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"blend": "yes"}, "blend is 'yes'; expected True, False or 'auto'"),
        ({"blend": 1}, "blend is 1; expected"),
        ({"blend": True, "rescoring": None}, "there is one landmark network"),
        ({"blend": True, "finder": None}, "there is one landmark network"),
    ],
)
def test_what_cannot_be_blended_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        Detector("lite", device="cpu", **options)
