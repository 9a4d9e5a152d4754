"""Batches of crops cut in torch are those that OpenCV cuts one by one."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

from kilomark.data.device_crops import crop_maps, cut_crops, map_points  # noqa: E402
from kilomark.data.geometry import apply_map, crop_map, warp  # noqa: E402

_CASES = [(50.0, 40.0, 70.0, 0.0, 1.0, False), (30.5, 60.25, 55.0, 25.0, 1.05, True)]


def _maps() -> torch.Tensor:
    x, y, side, angle, aspect, mirrored = (torch.tensor(v) for v in zip(*_CASES, strict=True))
    return crop_maps(
        torch.stack([x, y], 1), side, 64, angles_deg=angle, aspects=aspect, mirrored=mirrored
    )


def test_maps_are_those_of_single_crops() -> None:
    for (x, y, side, angle, aspect, mirrored), found in zip(_CASES, _maps(), strict=True):
        expected = crop_map(
            np.array([x, y]), side, 64, angle_deg=angle, aspect=aspect, mirror=mirrored
        )
        np.testing.assert_allclose(found.numpy(), expected, atol=1e-4)


def test_points_are_mapped_as_by_single_maps() -> None:
    points = np.random.default_rng(0).uniform(0, 90, (2, 7, 2))
    maps = _maps()
    mapped = map_points(maps, torch.from_numpy(points).float())
    for row in range(2):
        expected = apply_map(maps[row].double().numpy(), points[row])
        np.testing.assert_allclose(mapped[row].numpy(), expected, atol=1e-3)


def test_pixels_are_those_of_opencv() -> None:
    rng = np.random.default_rng(1)
    coarse = rng.integers(1, 256, (10, 10, 3)).astype(np.uint8)
    image = np.kron(coarse, np.ones((9, 9, 1), np.uint8))
    maps = _maps()
    images = torch.from_numpy(np.stack([image, image]))
    crops = cut_crops(images, maps, 64, fill=torch.zeros(1, 3, 1, 1))
    for row in range(2):
        expected = warp(image, maps[row].double().numpy(), (64, 64))
        found = crops[row].permute(1, 2, 0).numpy()
        inside = found.min(2) > 0  # outside the image there is nothing to compare
        assert inside.mean() > 0.5
        assert np.abs(found - expected)[inside].mean() < 1.5


def test_outside_of_the_valid_part_is_filled() -> None:
    images = torch.full((1, 40, 40, 3), 200, dtype=torch.uint8)
    maps = crop_maps(torch.tensor([[20.0, 20.0]]), torch.tensor([40.0]), 40)
    fill = torch.full((1, 3, 1, 1), 7.0)
    crop = cut_crops(images, maps, 40, valid=torch.tensor([[10.0, 0.0, 40.0, 40.0]]), fill=fill)
    assert (crop[0, :, :, :10] == 7).all()
    assert (crop[0, :, :, 11:] - 200).abs().max() < 1e-3
