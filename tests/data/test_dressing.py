"""What is drawn on a face covers what it should, and nothing but it."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("cv2")

from kilomark.data.dressing import GARMENTS, MASKS, Garment, dress_face
from kilomark.data.face_mesh import FACE_OVAL, LEFT_EYE, RIGHT_EYE


def make_face() -> np.ndarray:
    """Some vertices where a face of 100 px has them; the rest lie on its middle."""
    vertices = np.full((478, 2), 80.0)
    for place, vertex in enumerate(FACE_OVAL):
        turn = 2 * np.pi * place / len(FACE_OVAL)
        vertices[vertex] = 80 + 40 * np.sin(turn), 80 - 50 * np.cos(turn)
    for eye, x in ((RIGHT_EYE, 65), (LEFT_EYE, 95)):
        outer = 7 if x > 80 else -7
        vertices[list(eye.corners)] = [[x + outer, 70], [x - outer, 70]]
    known = {
        123: (48, 85), 50: (58, 85), 101: (65, 82), 196: (75, 76), 197: (80, 74), 419: (85, 76),
        330: (95, 82), 280: (102, 85), 352: (112, 85), 168: (80, 66), 6: (80, 70), 4: (80, 90),
        13: (80, 105), 17: (80, 110), 159: (65, 67), 23: (65, 76), 9: (80, 60), 70: (52, 62),
        105: (62, 58), 63: (57, 59), 66: (68, 59), 107: (73, 60), 336: (87, 60), 296: (92, 59),
        334: (98, 58), 293: (103, 59), 300: (108, 62),
    }  # fmt: skip
    for vertex, place in known.items():
        vertices[vertex] = place
    return vertices


def changed_by(garment: Garment, seed: int) -> np.ndarray:
    image = np.random.default_rng(9).integers(90, 160, (160, 160, 3)).astype(np.uint8)
    dressed = dress_face(image, make_face(), np.random.default_rng(seed), garment=garment)
    assert dressed.shape == image.shape
    assert dressed.dtype == np.uint8
    return (dressed != image).any(2)


@pytest.mark.parametrize("garment", GARMENTS)
def test_something_is_drawn_and_the_corners_stay(garment: Garment) -> None:
    changed = changed_by(garment, 3)
    assert changed.mean() > 0.002
    assert not changed[:12, :12].any()


@pytest.mark.parametrize("garment", MASKS)
def test_masks_hide_the_mouth_and_show_the_eyes(garment: Garment) -> None:
    changed = changed_by(garment, 4)
    assert changed[100:112, 74:86].mean() > 0.9
    assert changed[66:72, 60:70].mean() < 0.1


def test_sunglasses_hide_the_eyes_and_show_the_mouth() -> None:
    changed = changed_by("sunglasses", 5)
    assert changed[68:73, 62:68].mean() > 0.8
    assert not changed[100:112].any()


def test_the_seed_decides() -> None:
    image = np.full((160, 160, 3), 120, np.uint8)
    first, again, other = (
        dress_face(image, make_face(), np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
