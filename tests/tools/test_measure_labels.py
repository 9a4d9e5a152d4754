"""How well a labeler repeats labels, with a stand-in for MediaPipe that errs by known amounts."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tools.labeling.repeatability import COLUMNS, measure, table
from tools.labeling.views import Labeler

Array = np.ndarray[Any, Any]

SIDE_PX = 50.0
RING = np.array([(0, 0), (SIDE_PX, 0), (SIDE_PX, SIDE_PX), (0, SIDE_PX)])
MIRROR = np.array([1, 0, 3, 2])
PROGRAM = Path(__file__).parents[2] / "tools" / "measure_labels.py"


@dataclass
class DrawnFaces:
    """Bright squares on a dark ground; the labels are their corners."""

    landmarks: Array

    def __len__(self) -> int:
        return len(self.landmarks)

    def image(self, face: int) -> Array:
        crop = np.zeros((120, 120, 3), np.uint8)
        x, y = self.landmarks[face][0].astype(int)
        crop[y : y + int(SIDE_PX), x : x + int(SIDE_PX)] = 255
        return crop


FACES = DrawnFaces(np.stack([RING + np.array((20 + i, 30)) for i in range(6)]))


def place_with_bias(right_px: float) -> Labeler:
    def place(image: Array) -> Array | None:
        bright = np.argwhere(image[..., 0] > 128)[:, ::-1]
        return RING + bright.min(0) + np.array((right_px, 0))

    return Labeler("test", place, MIRROR)


def test_a_bias_to_one_side_cancels_in_the_average_of_the_views() -> None:
    one_view, average, against_mirror = measure(FACES, place_with_bias(2.0)).T

    assert one_view == pytest.approx(100 * 2 / SIDE_PX)
    assert average == pytest.approx(0, abs=1e-6)
    assert against_mirror == pytest.approx(100 * 4 / SIDE_PX)


def test_a_face_that_no_view_shows_is_left_out() -> None:
    exact = place_with_bias(0)
    blind = Labeler("test", lambda image: None if image[40, 60, 0] else exact.place(image), MIRROR)

    errors = measure(FACES, blind)
    lines = table(np.array([0, 10, 20, 29.9, 40, 89]), errors)

    assert np.isnan(errors[:, 0]).all()
    assert lines[0] == "| yaw | faces | " + " | ".join(COLUMNS) + " |"
    assert lines[2].startswith("| 0 to 30 | 4 | none | 0.00 % (0.00 to 0.00, 4 faces) |")
    assert [line.split("|")[2].strip() for line in lines[3:]] == ["1", "1"]


def test_a_folder_without_faces_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, PROGRAM, tmp_path, "--labeler", "lite"], capture_output=True, text=True
    )

    assert done.returncode == 2
    assert str(tmp_path) in done.stderr
    assert "Traceback" not in done.stderr
