"""Batched changes of light, color and sharpness: bounded, reproducible, and on their share only."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")
cv2 = pytest.importorskip("cv2")

from kilomark.data.device_photometry import (  # noqa: E402
    DevicePhotometry,
    gaussian_blur,
    jpeg_like,
    to_gray,
)


@pytest.fixture
def crops() -> torch.Tensor:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (24, 3, 8, 8)).astype(np.float32)
    return torch.nn.functional.interpolate(
        torch.from_numpy(coarse), size=(64, 64), mode="bilinear", align_corners=False
    ).round()


def test_augmented_crops_are_whole_numbers_in_range(crops: torch.Tensor) -> None:
    before = crops.clone()
    augmented = DevicePhotometry(3, "cpu").augment(crops)
    assert augmented.shape == crops.shape
    assert augmented.min() >= 0
    assert augmented.max() <= 255
    assert torch.equal(augmented, augmented.round())
    assert torch.equal(crops, before)
    assert (augmented != crops).flatten(1).any(1).all()


def test_the_seed_decides(crops: torch.Tensor) -> None:
    first, again, other = (DevicePhotometry(seed, "cpu").augment(crops) for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_share_is_met_on_average() -> None:
    photometry = DevicePhotometry(0, "cpu")
    counts = [len(photometry.choose(10, 0.25)) for _ in range(400)]
    assert set(counts) == {2, 3}
    assert abs(np.mean(counts) - 2.5) < 0.1


def test_blur_is_that_of_opencv(crops: torch.Tensor) -> None:
    sigma = torch.tensor([0.8, 2.0] + [1.0] * 22)
    blurred = gaussian_blur(crops, sigma)
    for row in range(2):
        image = crops[row].permute(1, 2, 0).numpy()
        expected = cv2.GaussianBlur(
            image, (15, 15), float(sigma[row]), borderType=cv2.BORDER_REPLICATE
        )
        np.testing.assert_allclose(blurred[row].permute(1, 2, 0), expected, atol=0.1)


@pytest.mark.parametrize("quality", [20, 60])
def test_compression_loses_as_much_as_jpeg(crops: torch.Tensor, quality: int) -> None:
    ours = jpeg_like(crops, torch.full((len(crops),), float(quality)))
    loss = (ours[0] - crops[0]).abs().mean().item()
    image = crops[0].permute(1, 2, 0).numpy().astype(np.uint8)
    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None
    expected = np.abs(decoded[..., ::-1].astype(float) - image).mean()
    assert 0.4 * expected < loss < 2.5 * expected


def test_gray_has_one_luminance(crops: torch.Tensor) -> None:
    gray = to_gray(crops)
    assert torch.equal(gray[:, 0], gray[:, 2])


def test_darkness_is_darker_and_noisy() -> None:
    flat = torch.full((16, 3, 32, 32), 160.0)
    dark = DevicePhotometry(1, "cpu").darken(flat)
    assert dark.mean() < 120
    assert (dark.std((2, 3)) > 0.2).all()


@pytest.mark.parametrize(
    "name", ["blur", "blur_along", "resample", "see_from_afar", "compress", "add_noise", "cover"]
)
def test_each_change_keeps_the_shape(crops: torch.Tensor, name: str) -> None:
    changed = getattr(DevicePhotometry(2, "cpu"), name)(crops)
    assert changed.shape == crops.shape
    assert torch.isfinite(changed).all()
    assert not torch.equal(changed, crops)
