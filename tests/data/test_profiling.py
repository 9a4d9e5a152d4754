"""Turned faces: the labels follow, closed lids meet, hidden vertices are known."""

from __future__ import annotations

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2")

from tests.drawn_head import make_head  # noqa: E402

from kilomark.data.face_mesh import (  # noqa: E402
    LEFT_EYE,
    RIGHT_EYE,
    face_triangles,
    pitch_deg,
    yaw_deg,
)
from kilomark.data.profiling import MAX_YAW_DEG, choose_turn, close_eye, profile_face  # noqa: E402


@pytest.fixture(name="image")
def _image() -> np.ndarray:
    coarse = np.random.default_rng(1).integers(60, 200, (12, 12, 3)).astype(np.uint8)
    return cv2.resize(coarse, (160, 160), interpolation=cv2.INTER_CUBIC)


def test_the_mesh_covers_all_skin_vertices() -> None:
    triangles, num_skin = face_triangles()
    assert triangles.shape[1] == 3
    assert set(np.unique(triangles[:num_skin])) == set(range(468))


@pytest.mark.parametrize("turn", [-30.0, 20.0])
def test_yaw_changes_by_the_turn(image: np.ndarray, turn: float) -> None:
    turned = profile_face(image, make_head(), yaw_deg=turn)
    assert yaw_deg(turned.vertices) == pytest.approx(turn, abs=0.5)
    assert turned.image.shape == image.shape


def test_pitch_above_zero_looks_up(image: np.ndarray) -> None:
    head = make_head()
    before = pitch_deg(head)
    assert pitch_deg(profile_face(image, head, pitch_deg=10).vertices) > before + 8


def test_no_turn_leaves_the_face_as_it_is(image: np.ndarray) -> None:
    head = make_head()
    same = profile_face(image, head)
    np.testing.assert_allclose(same.vertices, head, atol=1e-6)
    inside = slice(50, 110)
    assert np.abs(same.image[inside, inside].astype(int) - image[inside, inside]).mean() < 2


def test_the_far_side_hides(image: np.ndarray) -> None:
    turned = profile_face(image, make_head(), yaw_deg=60)  # the nose to the right
    flat = make_head()[:, 0] - 80
    hidden = ~turned.visible[:468]
    assert hidden.any()
    assert flat[:468][hidden].mean() > 5


def test_closed_lids_meet(image: np.ndarray) -> None:
    head = make_head()
    closed = profile_face(image, head, closing=(1.0, 0.0)).vertices
    open_px = np.ptp(head[[RIGHT_EYE.upper[3], RIGHT_EYE.lower[3]], 1])
    assert np.ptp(closed[[RIGHT_EYE.upper[3], RIGHT_EYE.lower[3]], 1]) < 0.05 * open_px
    np.testing.assert_allclose(closed[list(LEFT_EYE.upper)], head[list(LEFT_EYE.upper)])


def test_half_closed_is_half_way() -> None:
    head = make_head()
    gaps = [
        closed[RIGHT_EYE.lower[3], 1] - closed[RIGHT_EYE.upper[3], 1]
        for closed in (close_eye(head, RIGHT_EYE, amount) for amount in (0.0, 0.5, 1.0))
    ]
    assert gaps[1] == pytest.approx((gaps[0] + gaps[2]) / 2)


def test_turns_end_at_the_limit() -> None:
    head = make_head()
    rng = np.random.default_rng(0)
    for _ in range(50):
        yaw, _ = choose_turn(head, rng)
        assert abs(yaw_deg(head) + yaw) <= MAX_YAW_DEG
