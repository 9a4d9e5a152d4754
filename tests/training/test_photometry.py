"""The quick changes of light and sharpness against the obvious ones, which are the oracle."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from kilomark.data.photometry import cover_rectangle, degrade, dim, fill_outside, see_from_afar

Image = np.ndarray[Any, Any]

DRAWS = 3000


def obvious_degrade(image: Image, rng: np.random.Generator) -> Image:
    """What `degrade` is meant to do, step by step in floating point."""
    if rng.random() < 0.35:
        image = obvious_soften(image, rng)
    if rng.random() < 0.2:
        image = np.repeat((image @ [0.299, 0.587, 0.114])[..., None], 3, 2).astype(np.uint8)
    if rng.random() < 0.25:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 80))]
        image = cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_COLOR)
    gain = np.exp(rng.normal(0, 0.25)) * np.exp(rng.normal(0, 0.06, 3))
    offset = rng.normal(0, 18) + rng.normal(0, 5, 3)
    pixels = image.astype(np.float64)
    average = pixels.mean((0, 1))
    pixels = ((pixels - average) * np.exp(rng.normal(0, 0.2)) + average) * gain + offset
    if rng.random() < 0.3:
        pixels += rng.uniform(1, 12) * rng.standard_normal((*pixels.shape[:2], 1))
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def obvious_soften(image: Image, rng: np.random.Generator) -> Image:
    width = image.shape[1]
    if rng.random() < 0.5:
        return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 2.0) * width / 128)
    small = [max(8, int(width * rng.uniform(0.25, 0.8)))] * 2
    return cv2.resize(cv2.resize(image, small, interpolation=cv2.INTER_AREA), [width] * 2)


def statistics_of(image: Image) -> np.ndarray[Any, Any]:
    """What describes light, tint, contrast, sharpness and noise of an image."""
    pixels = image.astype(float)
    mean = pixels.mean((0, 1))
    tint = pixels.mean(-1, keepdims=True) - pixels
    steps = np.diff(pixels.mean(-1), axis=1)
    return np.array([*mean, pixels.mean(-1).std(), np.abs(tint).mean(), np.abs(steps).mean()])


@pytest.fixture(scope="module")
def patch() -> Image:
    """Soft blobs of color, 32 px."""
    noise = np.random.default_rng(3).integers(0, 256, (32, 32, 3), np.uint8)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), None, 20, 220, cv2.NORM_MINMAX)


def test_images_are_spread_as_the_obvious_way_spreads_them(patch: Image) -> None:
    drawn = {}
    for name, change in (("quick", degrade), ("obvious", obvious_degrade)):
        rng = np.random.default_rng(7)
        drawn[name] = np.stack([statistics_of(change(patch, rng)) for _ in range(DRAWS)])

    for level in (10, 25, 50, 75, 90):
        quick, obvious = (np.percentile(drawn[name], level, axis=0) for name in drawn)
        # A percentile of 3,000 draws wavers by about 4 % of the spread.
        assert (np.abs(quick - obvious) < 0.12 * drawn["obvious"].std(0)).all(), level


def test_noise_is_normal_and_gray() -> None:
    rng = np.random.default_rng(0)
    flat = np.full((100, 100, 3), 128, np.uint8)
    deviations = []
    for _ in range(300):
        pixels = degrade(flat, rng).astype(float)
        noise = pixels - pixels.mean((0, 1))
        if noise.std() > 0.9 and 60 < pixels.mean() < 200:
            deviations.append(noise.std())
            assert np.abs(noise[..., 0] - noise[..., 1]).max() <= 1.01  # rounding
            assert abs((noise**4).mean() / (noise**2).mean() ** 2 - 3) < 0.3  # of a normal law
    assert 60 < len(deviations) < 110
    assert 0.9 < min(deviations) < 2 < 11 < max(deviations) < 12.5


def test_the_same_generator_gives_the_same_image(patch: Image) -> None:
    first, second = (degrade(patch, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first, second)


def test_only_the_outside_is_filled_and_half_of_it_with_the_mean_color(patch: Image) -> None:
    rng = np.random.default_rng(0)
    polygon = np.array([[8, 4], [28, 4], [28, 30], [8, 30]], float)
    background = np.full_like(patch, 7)
    fills = []
    for _ in range(2000):
        filled = fill_outside(patch, polygon, background.copy, rng)
        assert np.array_equal(filled[5:29, 9:27], patch[5:29, 9:27])
        fills.append(filled[0, 0])
    share = {
        "mean": np.mean([tuple(fill) == (124, 116, 104) for fill in fills]),
        "background": np.mean([tuple(fill) == (7, 7, 7) for fill in fills]),
    }
    assert share == pytest.approx({"mean": 0.5, "background": 0.25}, abs=0.04)


def test_an_image_without_an_outside_draws_no_background(patch: Image) -> None:
    everything = np.array([[-1, -1], [40, -1], [40, 40], [-1, 40]], float)

    def refuse() -> Image:
        raise AssertionError("no background is needed")

    assert fill_outside(patch, everything, refuse, np.random.default_rng(0)) is patch


def test_a_cover_hides_one_rectangle_of_a_copy(patch: Image) -> None:
    before = patch.copy()
    hidden = []
    for seed in range(200):
        covered = cover_rectangle(patch, np.random.default_rng(seed))
        rows, columns = np.nonzero((covered != patch).any(-1))
        hidden.append((np.ptp(rows) + 1) * (np.ptp(columns) + 1) / 32**2)
    assert np.array_equal(patch, before)
    assert 0.005 < min(hidden) < 0.03
    assert 0.15 < max(hidden) < 0.46**2


@pytest.mark.parametrize("shape", [(1, 1, 3), (4, 7, 3), (70, 33, 3)])
def test_images_of_any_size_are_changed(shape: tuple[int, int, int]) -> None:
    image = np.full(shape, 90, np.uint8)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        for changed in (cover_rectangle(image, rng), degrade(image, rng)):
            assert changed.shape == shape
            assert changed.dtype == np.uint8


def test_from_afar_few_pixels_are_left() -> None:
    stripes = np.zeros((128, 128, 3), np.uint8)
    stripes[:, ::2] = 255  # 64 of them: more than a far face has pixels
    halves = np.zeros((128, 128, 3), np.uint8)
    halves[:, 64:] = 255

    is_dim = []
    for seed in range(20):
        far = see_from_afar(stripes, np.random.default_rng(seed))
        still_there = see_from_afar(halves, np.random.default_rng(seed))
        assert far.shape == stripes.shape
        assert far.std() < 30
        left, right = still_there[:, 20].mean(), still_there[:, -20].mean()
        is_dim.append(right < 255)
        assert left < 4 if is_dim[-1] else left == 0
        assert right > 35
    assert 2 <= sum(is_dim) <= 10  # of 20, at 0.3


def test_a_dim_light_leaves_less_than_half_and_noise() -> None:
    gray = np.full((64, 64, 3), 120, np.uint8)

    for seed in range(20):
        dark = dim(gray, np.random.default_rng(seed)).astype(float)
        assert 120 / 6 - 2 < dark.mean() < 120 / 2 + 2
        assert 0.3 < dark.std() < 6
        assert np.ptp(dark, axis=2).max() == 0  # of all channels alike
