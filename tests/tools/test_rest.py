"""True motion and noise of faces at rest, told apart on pictures that move by known amounts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

cv2 = pytest.importorskip("cv2", reason="patches are tracked with OpenCV")

from tools.motion.real_clips import JITTERED
from tools.motion.rest import frames_at_rest, rest_scores
from tools.motion.scores import NAMES, residual

EYE_PX = 80.0
POINTS = np.zeros((len(NAMES), 2))
POINTS[:, 0] = np.linspace(0, EYE_PX, len(NAMES))
POINTS[[0, 1, 2, 3], 0] = [0, 27, 53, EYE_PX]
POINTS[6] = EYE_PX / 2, 45
POINTS += 60

NUM_FRAMES = 40


def texture() -> npt.NDArray[np.uint8]:
    noise = np.random.default_rng(0).normal(128, 90, (220, 220)).clip(0, 255).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 3), np.uint8)


def moved(motion: npt.NDArray[np.float64]) -> list[npt.NDArray[np.uint8]]:
    """The texture, shifted by each frame's motion."""
    return [
        cv2.warpAffine(
            texture(), np.array([[1, 0, x], [0, 1, y]]), (220, 220), flags=cv2.INTER_CUBIC
        )
        for x, y in motion
    ]


def faces(motion: npt.NDArray[np.float64], noise_px: float, seed: int) -> npt.NDArray[np.float64]:
    shape = (len(motion), len(NAMES), 2)
    noise = np.random.default_rng(seed).normal(0, noise_px, shape)
    return POINTS[None] + motion[:, None] + noise


@pytest.mark.parametrize("motion_px", [0.0, 0.12])
@pytest.mark.parametrize("noise_px", [0.0, 0.15])
def test_motion_is_told_from_noise(motion_px: float, noise_px: float) -> None:
    motion = np.random.default_rng(1).normal(0, motion_px, (NUM_FRAMES, 2))
    raw = {"a": faces(motion, noise_px, 2), "b": faces(motion, noise_px, 3)}
    scores = rest_scores(moved(motion), raw, {"smooth": faces(motion, 0.0, 4)})
    assert scores is not None
    used = residual(motion[:, None])[3:-3]
    true = 100 * float(np.sqrt((used**2).sum(axis=2).mean())) / EYE_PX
    # the residual to a quadratic over 7 frames keeps 2/3 of the variance of noise
    noise = 100 * noise_px * np.sqrt(2) * np.sqrt(2 / 3) / EYE_PX
    assert scores["frames"] == NUM_FRAMES - 6
    assert scores["jitter"]["smooth"] == pytest.approx(true, abs=0.005)
    assert scores["jitter"]["a"] == pytest.approx(np.hypot(true, noise), rel=0.12, abs=0.01)
    assert scores["shared"] == pytest.approx(true, abs=0.06)
    assert scores["shared_with_patches"]["b"] == pytest.approx(true, abs=0.06)


def test_a_face_that_moves_is_not_at_rest() -> None:
    motion = np.zeros((20, 2))
    motion[10:, 0] = np.arange(10)  # a pixel a frame: 0.8 % of the face's width
    calm = frames_at_rest(moved(motion), faces(motion, 0.0, 0))
    assert calm[3:8].all()
    assert not calm[9:].any()


def test_a_clip_without_rest_has_no_scores() -> None:
    motion = np.zeros((20, 2))
    motion[:, 0] = 2.0 * np.arange(20)
    raw = {"a": faces(motion, 0.0, 0), "b": faces(motion, 0.0, 0)}
    assert rest_scores(moved(motion), raw, {}) is None
    assert JITTERED == [0, 1, 2, 3, 6]
