"""The pixels of a crop against the oracle of area_crop.py."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.area_crop import (
    CHANNELS,
    MEAN,
    STD,
    Pixels,
    Square,
    area_crop,
    core_crop,
    noise,
)
from tests.core.tolerances import PIXEL_LEVELS

INSIDE = Square((20.5, 17.25), 9.0)


def levels_apart(one: npt.ArrayLike, other: npt.ArrayLike) -> float:
    """Greatest difference in levels of 0..255."""
    difference = np.abs(np.asarray(one, np.float64) - other) * np.array(STD)[:, None, None]
    return float(difference.max())


def assert_crop_is_exact(image: Pixels, image_format: str, square: Square) -> None:
    ours = core_crop(image, image_format, square)
    assert ours.dtype == np.float32
    assert ours.shape == (3, square.size[1], square.size[0])
    assert levels_apart(ours, area_crop(image, image_format, square)) < PIXEL_LEVELS


@pytest.mark.parametrize("image_format", CHANNELS)
@pytest.mark.parametrize("angle_deg", [0.0, 10.0])
@pytest.mark.parametrize("side", [3.0, 12.0, 24.0, 29.0, 130.0])
def test_formats(image_format: str, angle_deg: float, side: float) -> None:
    image = noise(37, 41, CHANNELS[image_format])
    assert_crop_is_exact(image, image_format, replace(INSIDE, side=side, angle_deg=angle_deg))


@pytest.mark.parametrize("angle_deg", [-170.0, -90.0, -45.0, 1e-3, 23.0, 90.0, 180.0, 725.0])
@pytest.mark.parametrize("side", [5.0, 30.0, 70.0])
def test_angles(angle_deg: float, side: float) -> None:
    assert_crop_is_exact(noise(37, 41, 3), "bgr", replace(INSIDE, side=side, angle_deg=angle_deg))


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (2, 3), (7, 5), (63, 65)])
@pytest.mark.parametrize("angle_deg", [0.0, -20.0])
def test_odd_images(shape: tuple[int, int], angle_deg: float) -> None:
    center = (shape[1] / 2, shape[0] / 2)
    square = Square(center, 1.5 * max(shape), angle_deg)
    assert_crop_is_exact(noise(*shape, 3), "rgb", square)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (13, 2), (33, 31), (40, 70)])
@pytest.mark.parametrize("angle_deg", [0.0, 33.0])
def test_odd_inputs(size: tuple[int, int], angle_deg: float) -> None:
    assert_crop_is_exact(noise(37, 41, 3), "bgr", Square((20.0, 18.0), 44.0, angle_deg, size))


def test_input_wider_than_a_row_of_the_kernels() -> None:
    for angle_deg in (0.0, 5.0):
        square = Square((20.0, 18.0), 50.0, angle_deg, size=(523, 3))
        assert_crop_is_exact(noise(37, 41, 3), "bgr", square)


@pytest.mark.parametrize("shrink", [1, 1.001, 1.999, 2, 2.001, 4, 4.01, 7.3, 16, 31.9, 33, 70])
@pytest.mark.parametrize("angle_deg", [0.0, 12.0])
def test_shrinking(shrink: float, angle_deg: float) -> None:
    """From one pixel to blocks of 35 x 35; the vector kernels stop at 16."""
    image = noise(211, 307, 3)
    square = Square((150.25, 99.875), 8 * shrink, angle_deg, size=(8, 8))
    assert_crop_is_exact(image, "bgr", square)


@pytest.mark.parametrize("center", [(0.0, 0.0), (41.0, 37.0), (-6.0, 20.0), (20.0, 50.0)])
@pytest.mark.parametrize("side", [4.0, 26.0, 60.0])
@pytest.mark.parametrize("angle_deg", [0.0, -30.0])
def test_borders(center: tuple[float, float], side: float, angle_deg: float) -> None:
    assert_crop_is_exact(noise(37, 41, 3), "bgr", Square(center, side, angle_deg))


@pytest.mark.parametrize("center", [(-1e7, 5.0), (5.0, 1e7), (1000.0, -1000.0)])
@pytest.mark.parametrize("angle_deg", [0.0, 45.0])
def test_outside_the_image_is_the_mean_color(center: tuple[float, float], angle_deg: float) -> None:
    assert not core_crop(noise(37, 41, 3), "bgr", Square(center, 50.0, angle_deg)).any()


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("side", [9.0, 40.0, 80.0])
@pytest.mark.parametrize("angle_deg", [0.0, 15.0])
def test_rows_may_lie_apart(channels: int, side: float, angle_deg: float) -> None:
    """A window of a larger image gives the bits of its copy, up to the last pixel of the buffer."""
    image_format = {1: "gray", 3: "bgr", 4: "rgba"}[channels]
    square = replace(INSIDE, side=side, angle_deg=angle_deg)
    for window in (noise(90, 80, channels)[53:, 39:], noise(74, 41, channels)[1::2]):
        assert not window.flags.c_contiguous
        copy = np.ascontiguousarray(window)
        ours, same = (core_crop(image, image_format, square) for image in (window, copy))
        np.testing.assert_array_equal(ours, same)


def test_formats_of_the_same_picture_give_the_same_bits() -> None:
    rgb = noise(37, 41, 3)
    alpha = noise(37, 41, 1, seed=1)[..., None]
    bgr = np.ascontiguousarray(rgb[..., ::-1])
    expected = core_crop(rgb, "rgb", INSIDE)
    for image_format, image in {
        "bgr": bgr,
        "rgba": np.concatenate([rgb, alpha], axis=2),
        "bgra": np.concatenate([bgr, alpha], axis=2),
    }.items():
        np.testing.assert_array_equal(core_crop(image, image_format, INSIDE), expected)


def test_even_shrinking_is_the_plain_mean_of_the_pixels_covered() -> None:
    """The same truth without the oracle's blocks, here 2 x 2 px from the corner: 48 px to 12."""
    image = noise(60, 60, 3)
    ours = core_crop(image, "rgb", Square((6 + 24, 10 + 24), 48.0))
    covered = image[10 : 10 + 48, 6 : 6 + 48].reshape(12, 4, 12, 4, 3).mean(axis=(1, 3))
    assert levels_apart(ours, ((covered - MEAN) / STD).transpose(2, 0, 1)) < PIXEL_LEVELS


centers = st.floats(-30, 90, width=32)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(
    shape=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    image_format=st.sampled_from(sorted(CHANNELS)),
    center=st.tuples(centers, centers),
    side=st.floats(0.1, 400),
    angle_deg=st.floats(-360, 360),
    size=st.tuples(st.integers(1, 20), st.integers(1, 20)),
)
def test_any_crop_of_any_image(
    shape: tuple[int, int],
    image_format: str,
    center: tuple[float, float],
    side: float,
    angle_deg: float,
    size: tuple[int, int],
) -> None:
    image = noise(*shape, CHANNELS[image_format])
    assert_crop_is_exact(image, image_format, Square(center, side, angle_deg, size))


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(center=st.tuples(centers, centers), side=st.floats(0.1, 24), angle_deg=st.floats(-90, 90))
def test_a_mirrored_image_gives_a_mirrored_crop(
    center: tuple[float, float], side: float, angle_deg: float
) -> None:
    image = noise(50, 60, 3)
    mirrored = np.ascontiguousarray(image[:, ::-1])
    there = core_crop(image, "bgr", Square(center, side, angle_deg))
    back = core_crop(mirrored, "bgr", Square((60 - center[0], center[1]), side, -angle_deg))
    assert levels_apart(there, back[..., ::-1]) < PIXEL_LEVELS
