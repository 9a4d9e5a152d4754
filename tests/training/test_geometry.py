from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from kilomark.data.geometry import apply_map, box_of, corners_of, crop_map, warp

Points = np.ndarray[Any, Any]


def obvious_crop_map(
    center: Points, side: float, size: int, *, angle_deg: float, aspect: float, mirror: bool
) -> Points:
    """Move the center to the origin, turn, stretch, and move to the middle of the crop."""
    angle = np.deg2rad(angle_deg)
    move = np.array([[1, 0, -center[0]], [0, 1, -center[1]], [0, 0, 1]])
    turn = np.array(
        [[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    stretch = np.diag([np.sqrt(aspect) * (-1 if mirror else 1), 1 / np.sqrt(aspect), side / size])
    place = np.array([[1, 0, size / 2], [0, 1, size / 2], [0, 0, 1]])
    whole = place @ (stretch / (side / size)) @ turn @ move
    return whole[:2] / whole[2, 2]


@pytest.mark.parametrize("seed", range(20))
def test_a_map_is_the_product_of_its_parts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    center, side, size = rng.uniform(0, 300, 2), rng.uniform(20, 400), int(rng.integers(16, 200))
    turned = {"angle_deg": rng.uniform(-180, 180), "aspect": rng.uniform(0.8, 1.25)}
    mirror = bool(seed % 2)

    found = crop_map(center, side, size, **turned, mirror=mirror)

    assert (
        np.abs(found - obvious_crop_map(center, side, size, **turned, mirror=mirror)).max() < 1e-9
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_points_go_through_a_map_exactly(dtype: type) -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(-50, 250, (3, 971, 2)).astype(dtype)
    affine = crop_map(rng.uniform(0, 200, 2), 120, 128, angle_deg=20, aspect=1.1, mirror=True)

    mapped = apply_map(affine, points)

    wanted = points.astype(np.float64) @ affine[:, :2].T + affine[:, 2]
    assert mapped.dtype == dtype
    assert mapped.shape == points.shape
    assert np.abs(mapped - wanted).max() < 200 * 4 * np.finfo(dtype).eps


def test_boxes_of_one_face_and_of_many() -> None:
    landmarks = np.random.default_rng(0).normal(size=(5, 971, 2)).astype(np.float32)
    wanted = np.concatenate([landmarks.min(1), landmarks.max(1)], 1)

    assert np.array_equal(box_of(landmarks), wanted)
    assert np.array_equal(box_of(landmarks[2]), wanted[2])


@pytest.mark.parametrize("shape", [(176, 176, 3), (40, 30, 3), (900, 700, 3)])
def test_color_is_warped_as_each_channel_alone(shape: tuple[int, int, int]) -> None:
    """The way over four channels changes no pixel."""
    image = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    center = np.array(shape[1::-1]) / 2
    affine = crop_map(center, 100, 128, angle_deg=33, aspect=0.9)

    together = warp(image, affine, (128, 128), color=(10, 20, 30))

    for channel, color in enumerate((10, 20, 30)):
        alone = warp(image[..., [channel]], affine, (128, 128), color=(color, 0, 0))
        assert np.array_equal(together[..., channel], alone.reshape(128, 128))


def test_shrinking_averages_what_it_covers() -> None:
    noise = np.random.default_rng(2).integers(0, 256, (512, 512, 3), np.uint8)

    small = warp(noise, crop_map(np.array([256, 256]), 512, 64), (64, 64))

    wanted = cv2.resize(noise, (64, 64), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(float) - wanted).max() <= 3
    assert np.array_equal(corners_of(np.array([0, 1, 2, 3]))[2], [2, 3])
