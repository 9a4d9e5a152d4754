"""A small data set in the contest's layout, of faces drawn for it: no photo of anybody.

For tests, for a first try of a training, and for the notebook where no data is at hand.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from kilomark.contest.columns import PERSON_COLUMN, landmark_columns
from kilomark.manifest import read_landmark_bundle

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["write_drawn_contest"]

Array = np.ndarray[Any, Any]

_COLORS = {
    "face_oval": (205, 170, 150),
    "right_eye": (240, 240, 240),
    "left_eye": (240, 240, 240),
    "right_iris": (60, 50, 40),
    "left_iris": (60, 50, 40),
    "nose_wings": (185, 145, 125),
    "outer_lips": (170, 70, 80),
}
_NUM_TEST_LANDMARKS = 30


def write_drawn_contest(
    folder: Path, *, num_labeled: int = 40, num_test: int = 8, seed: int = 0
) -> None:
    """Write ``train`` and ``test`` folders with drawn faces and their 971 landmarks.

    Photos are 150 to 260 px on a side, upright and lying. The face stands near the middle, tilted
    a little. A column ``person`` says whose face it is; two photos show the same one.
    """
    rng = np.random.default_rng(seed)
    for part in ("train", "test"):
        (folder / part / "images").mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(num_labeled):
        image, landmarks = _draw(rng)
        name = f"{number:04d}.jpg"
        cv2.imwrite(str(folder / "train" / "images" / name), image[..., ::-1])
        numbers = [f"{value:.2f}" for value in landmarks.ravel()]
        rows.append([name, *numbers, f"person{number // 2}"])
    columns = ["file_name", *landmark_columns(len(landmarks)), PERSON_COLUMN]
    _write_table(folder / "train" / "landmarks.csv", columns, rows)

    rows = []
    for number in range(num_test):
        name = f"t{number:04d}.jpg"
        cv2.imwrite(str(folder / "test" / "images" / name), _draw(rng)[0][..., ::-1])
        chosen = rng.choice(len(landmarks), _NUM_TEST_LANDMARKS, replace=False)
        rows.append([name, json.dumps(sorted(chosen.tolist()))])
    _write_table(folder / "test" / "test_points.csv", ["file_name", "point_index_list"], rows)


def _write_table(path: Path, columns: list[str], rows: list[list[str]]) -> None:
    lines = ["\t".join(row) for row in [columns, *rows]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _draw(rng: np.random.Generator) -> tuple[Array, Array]:
    """A photo (H, W, 3) uint8 RGB and its landmarks (971, 2) float64 in its pixels."""
    topology = read_landmark_bundle("lite").topology
    assert topology.mean_shape is not None  # the shipped networks have one
    height, width = rng.integers(150, 260, 2)
    angle = rng.normal(0, 0.15)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shape = topology.mean_shape[:, :2] @ turn.T
    shape = (shape - shape.mean(0)) / np.ptp(shape, axis=0).max()
    side = min(height, width) * rng.uniform(0.55, 0.7)
    landmarks = shape * side + np.array([width, height]) / 2 + rng.normal(0, 0.03 * side, 2)

    image = np.full((height, width, 3), rng.integers(0, 256, 3), np.uint8)
    for name, color in _COLORS.items():
        outline = landmarks[topology.group(name).indices]
        # fillPoly takes pixel centers at whole numbers, here in 1/16 px.
        cv2.fillPoly(image, [np.round((outline - 0.5) * 16).astype(np.int32)], color, shift=4)
    noise = rng.normal(0, 6, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8), landmarks
