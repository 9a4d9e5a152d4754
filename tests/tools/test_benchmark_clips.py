"""The benchmark of real clips: what it reads, and its scores on faces that are made here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

cv2 = pytest.importorskip("cv2", reason="frames are written with OpenCV")

from tools.motion.real_clips import faces_of, read_clip, row_of, scores_of
from tools.motion.scores import NAMES, Seen
from tools.motion.systems import Run

if TYPE_CHECKING:
    from pathlib import Path

EYE_PX = 90.0
POINTS = np.zeros((len(NAMES), 2))
POINTS[:4, 0] = [0, 30, 60, EYE_PX]
POINTS[6] = 45, 50
POINTS[7:, 0] = [15, 15, 75, 75]
POINTS[7:, 1] = [-5, 5, -5, 5]


def moved(x: float, y: float = 0.0) -> npt.NDArray[np.float64]:
    return POINTS + np.array([x, y])


def run_of(*faces: list[npt.NDArray[np.float64] | None]) -> Run:
    """A run in which each face is at these points in each frame, or is not seen."""
    frames = [
        [Seen(points, n) for n, points in enumerate(at) if points is not None]
        for at in zip(*faces, strict=True)
    ]
    return Run(frames, [2.0] * len(frames), [1.0] * len(frames))


def test_even_motion_has_no_jitter() -> None:
    scores = scores_of(run_of([moved(3.0 * n) for n in range(20)]))
    assert scores["jitter"] == pytest.approx(0, abs=1e-9)
    assert scores["frames_by_faces"] == [0, 20]
    assert scores["ids"] == 1
    assert scores["cpu_ms"] == 2.0


def test_jitter_is_in_shares_of_the_eye_distance() -> None:
    rng = np.random.default_rng(5)
    noise = rng.normal(0, 0.9, (4000, len(NAMES), 2))
    scores = scores_of(run_of([POINTS + one for one in noise]))
    # A quadratic over 7 frames keeps 1/3 of the variance of the middle one: 2 axes, 2/3 remain.
    assert scores["jitter"] == pytest.approx(100 * np.sqrt(2 * 2 / 3) * 0.9 / EYE_PX, rel=0.05)


def test_blinks_are_counted() -> None:
    face = []
    for n in range(30):
        points = moved(0)
        if n in {8, 9, 20}:
            points[7:, 1] *= 0.2
        face.append(points)
    scores = scores_of(run_of(face))
    assert scores["blinks"] == 2
    assert scores["least_opening"] == pytest.approx(20)


def test_faces_are_followed_by_nearness() -> None:
    left = [moved(n) for n in range(10)]
    right = [None if n == 4 else moved(400 - n) for n in range(10)]
    faces = faces_of(run_of(left, right).frames)
    assert [int(np.isfinite(face[:, 0, 0]).sum()) for face in faces] == [10, 4, 5]


def test_a_clip_without_a_face_has_no_jitter() -> None:
    scores = scores_of(run_of([None] * 9))
    assert scores["frames_by_faces"] == [9]
    assert np.isnan(scores["jitter"])
    assert row_of(scores).startswith("9 | - | nan | 0 | ")


def test_frames_are_read_as_they_are(tmp_path: Path) -> None:
    for n in range(3):
        Image.new("RGB", (64, 48), (200, 30 * n, 10)).save(tmp_path / f"{n}.png")
    clip = read_clip(tmp_path)
    assert len(clip.jpegs) == 3
    assert np.abs(next(clip.frames())[0, 0].astype(int) - [10, 0, 200]).max() <= 3
    assert clip.timestamps == sorted(clip.timestamps)
    assert len(read_clip(tmp_path, seconds=clip.timestamps[1]).jpegs) == 2
