"""What the network sees at a place of its input is what the image has where that place is put."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.area_crop import Square
from tests.core.tolerances import ROUND_TRIP_PX
from tests.tiny_bundles import (
    CROP_SCALE,
    CROP_SIZE,
    LANDMARKS,
    box_of_cell,
    write_finder_bundle,
)

from kilomark import _core

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.conftest import MakeFinder, MakeLandmarks

SIZE = 256

SCALES = st.one_of(st.floats(0.02, 1), st.just(2.0))
"""Image pixels per pixel of the crop at which means over squares keep a straight line straight."""


def position_image(size: int = SIZE) -> np.ndarray:
    """Red is a pixel's column and green its row, so that a crop shows where it looked."""
    image = np.zeros((size, size, 3), np.uint8)
    image[..., 0] = np.arange(size)
    image[..., 1] = np.arange(size)[:, None]
    return image


def seen_positions(image: np.ndarray, square: Square) -> np.ndarray:
    """(5, 2): the positions that a crop shows where the tiny network puts its landmarks.

    These are corners of pixels of the crop, so each is the mean of the four around it. The center
    of pixel i is i + 0.5.
    """
    crop = _core.crop(
        image,
        "rgb",
        center=square.center,
        side=square.side,
        angle_deg=square.angle_deg,
        size=square.size,
        mean=(0, 0, 0),
        std=(1, 1, 1),
    )
    u, v = LANDMARKS.astype(int).T
    four = [crop[:2, v - dv, u - du] for dv in (0, 1) for du in (0, 1)]
    return np.mean(four, axis=0, dtype=np.float64).T + 0.5


def square_of(box: np.ndarray, angle_deg: float = 0.0) -> Square:
    x0, y0, x1, y1 = box.astype(np.float64)
    side = CROP_SCALE * max(x1 - x0, y1 - y0)
    return Square(((x0 + x1) / 2, (y0 + y1) / 2), side, angle_deg, (CROP_SIZE, CROP_SIZE))


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(
    x=st.floats(110, 140, width=32),
    y=st.floats(110, 140, width=32),
    scale=SCALES,
    flatness=st.floats(0.1, 1),
    tall=st.booleans(),
)
def test_restoring_undoes_cropping(
    core: _core.Detector, x: float, y: float, scale: float, flatness: float, tall: bool
) -> None:
    longer = max(1.0, scale * CROP_SIZE / CROP_SCALE)
    width, height = (flatness * longer, longer) if tall else (longer, flatness * longer)
    box = np.array([[x - width / 2, y - height / 2, x + width / 2, y + height / 2]], np.float32)
    (placed,), _ = core.predict([position_image()], ["rgb"], boxes=[box])
    seen = seen_positions(position_image(), square_of(box[0]))
    np.testing.assert_allclose(placed.landmarks[0], seen, rtol=0, atol=ROUND_TRIP_PX)


@pytest.mark.parametrize("angle_deg", [-135, -60, -10, 0, 1, 30, 90, 170])
def test_restoring_undoes_cropping_of_a_turned_face(
    tmp_path: Path, make_landmarks: MakeLandmarks, make_finder: MakeFinder, angle_deg: float
) -> None:
    """Blue makes a cell a face; the finder's eyes are turned."""
    turn = math.radians(angle_deg)
    rotation = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    upright = np.array([[-3, -3], [3, -3], [0, 0], [-2, 3], [2, 3]])
    folder = write_finder_bundle(tmp_path, keypoints=(upright @ rotation).astype(np.float32))
    finder = make_finder(model=(folder / "model.onnx").read_bytes())
    image = position_image(64)
    image[24:32, 32:40, 2] = 255

    detector = _core.Detector(make_landmarks(), finder, num_threads=1)
    (found,), _ = detector.predict([image], ["rgb"], score_threshold=0.4, presence_threshold=0.0)

    assert len(found) == 1
    assert found.boxes[0] == pytest.approx(box_of_cell(3, 4), abs=1e-4)
    seen = seen_positions(image, square_of(found.boxes[0], angle_deg))
    np.testing.assert_allclose(found.landmarks[0], seen, rtol=0, atol=ROUND_TRIP_PX)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(
    x=st.floats(110, 140, width=32),
    y=st.floats(110, 140, width=32),
    scale=SCALES,
    angle_deg=st.floats(-360, 360),
)
def test_a_crop_looks_where_its_square_is(
    x: float, y: float, scale: float, angle_deg: float
) -> None:
    square = Square((x, y), scale * CROP_SIZE, angle_deg, (CROP_SIZE, CROP_SIZE))
    expected = square.to_image(*LANDMARKS.T).T
    seen = seen_positions(position_image(), square)
    np.testing.assert_allclose(seen, expected, rtol=0, atol=ROUND_TRIP_PX)
