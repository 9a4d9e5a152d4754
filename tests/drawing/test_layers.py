"""What each layer draws, on the mean face of a shipped network."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kilomark import Detector, draw
from kilomark.drawing import STYLES, Masks, group_mask
from kilomark.faces import Face
from kilomark.tracker import TrackedFace

if TYPE_CHECKING:
    import numpy.typing as npt

BLACK = np.zeros((480, 640, 3), np.uint8)


@pytest.fixture(scope="module")
def face() -> Face:
    topology = Detector("lite", finder=None).topology
    assert topology.mean_shape is not None
    landmarks = (topology.mean_shape[:, :2] * 120 + [320, 240]).astype(np.float32)
    box = np.concatenate([landmarks.min(0), landmarks.max(0)])
    return Face(landmarks, np.full(len(landmarks), 2, np.float32), box, 1.0, 1.0, topology)


def colored(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    return picture.any(axis=2)


@pytest.mark.parametrize("name", STYLES)
def test_every_style_draws_something_and_twice_the_same(name: str, face: Face) -> None:
    drawn = draw(BLACK, [face], style=name)
    assert colored(drawn).sum() > 50
    np.testing.assert_array_equal(drawn, draw(BLACK, [face], style=name))


def test_a_mask_has_the_area_of_its_polygon(face: Face) -> None:
    x, y = face.group("face_oval").astype(np.float64).T
    area = abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2
    assert group_mask(face, "face_oval", (640, 480)).sum() / 255 == pytest.approx(area, rel=1e-3)


def test_masks_of_lips_leave_the_mouth_out(face: Face) -> None:
    drawn = colored(draw(BLACK, [face], style=Masks(groups=("lips",), opacity=1.0)))
    lips = [group_mask(face, f"{name}_lips", (640, 480)) for name in ("outer", "inner")]
    expected = (lips[0] > 250) & (lips[1] == 0)
    assert expected.sum() > 100
    assert drawn[expected].all()
    assert not drawn[lips[1] == 255].any()


def test_spread_goes_from_teal_to_red(face: Face) -> None:
    size = np.ptp(face.landmarks, axis=0).max()
    colors = []
    for share in (0.0, 0.5):
        face.spread[:] = share * size
        drawn = draw(BLACK, [face], style="spread", rgb=True)
        x, y = face.group("left_pupil")[0].astype(int)
        colors.append(drawn[y, x].tolist())
    assert colors == [[45, 212, 191], [220, 38, 38]]


def test_axes_of_a_frontal_face_are_red_to_the_right_and_green_down(face: Face) -> None:
    drawn = draw(BLACK, [face], style="axes", rgb=True).astype(int)
    red = drawn[..., 0] - drawn[..., 1] > 100
    green = drawn[..., 1] - drawn[..., 0] > 100
    (rows, columns), (rows_down, columns_down) = np.nonzero(red), np.nonzero(green)
    assert np.ptp(columns) > 3 * np.ptp(rows)
    assert np.ptp(rows_down) > 3 * np.ptp(columns_down)


def test_ids_of_tracked_faces_are_theirs(face: Face) -> None:
    values = {f.name: getattr(face, f.name) for f in fields(Face)}
    more = {"raw_landmarks": face.landmarks, "velocity": np.zeros(2, np.float32), "age": 0}
    first, other = (TrackedFace(**values, **more, id=number) for number in (1, 42))
    plain = draw(BLACK, [face], style="ids")
    np.testing.assert_array_equal(draw(BLACK, [first], style="ids"), plain)
    assert (draw(BLACK, [other], style="ids") != plain).any()
