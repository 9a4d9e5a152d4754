from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kilomark.contest.crop import crop_as_baseline

SIZES = [(128, 128), (176, 176), (300, 200), (200, 300), (257, 131), (131, 257), (129, 1001),
         (1001, 129), (61, 97), (97, 61), (640, 480)]  # fmt: skip


def _reference(image: np.ndarray, landmarks: np.ndarray) -> tuple[np.ndarray, ...]:
    """The contest's baseline, step by step: crop, landmarks in it, and the two margins and f."""
    height, width = image.shape[0], image.shape[1]
    f = 128 / width if height > width else 128 / height
    resized = cv2.resize(image, None, fx=f, fy=f, interpolation=cv2.INTER_AREA)
    margin_h = (resized.shape[0] - 128) // 2
    margin_w = (resized.shape[1] - 128) // 2
    crop = resized[margin_h : margin_h + 128, margin_w : margin_w + 128]
    moved = np.stack([landmarks[:, 0] * f - margin_w, landmarks[:, 1] * f - margin_h], 1)
    back = np.stack([(moved[:, 0] + margin_w) / f, (moved[:, 1] + margin_h) / f], 1)
    return crop, moved, back


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_pixels_and_landmarks_are_the_baselines(height: int, width: int) -> None:
    rng = np.random.default_rng(height)
    image = rng.integers(0, 256, (height, width, 3), np.uint8)
    landmarks = rng.uniform(0, (width, height), (20, 2))
    wanted_crop, wanted, wanted_back = _reference(image, landmarks)

    crop, placed = crop_as_baseline(image)

    assert crop.shape == (128, 128, 3)
    assert np.array_equal(crop, wanted_crop)
    np.testing.assert_allclose(placed.to_crop(landmarks), wanted, atol=1e-12)
    np.testing.assert_allclose(placed.to_photo(placed.to_crop(landmarks)), wanted_back, atol=1e-9)


@given(st.integers(20, 700), st.integers(20, 700))
@settings(max_examples=60, deadline=None)
def test_every_size_of_photo_gives_the_crop_and_the_way_back(height: int, width: int) -> None:
    image = np.zeros((height, width, 3), np.uint8)
    corners = np.array([[0, 0], [width, height], [width / 3, height / 7]], np.float32)

    crop, placed = crop_as_baseline(image)

    assert crop.shape == (128, 128, 3)
    assert np.abs(placed.to_photo(placed.to_crop(corners)) - corners).max() < 1e-3
    assert placed.to_crop(corners).dtype == np.float32


@pytest.mark.parametrize(("height", "width"), [(300, 200), (200, 300)])
def test_the_middle_of_the_photo_is_the_middle_of_the_crop(height: int, width: int) -> None:
    _, placed = crop_as_baseline(np.zeros((height, width, 3), np.uint8))

    middle = placed.to_crop(np.array([width / 2, height / 2]))

    np.testing.assert_allclose(middle, 64, atol=0.5)
