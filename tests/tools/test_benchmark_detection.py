"""The detection benchmark: counts by size and slice, and reliability, on sets made here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2", reason="photos are written with OpenCV")

from tools.accuracy.detection import (
    ScoredBoxes,
    counts_by_size,
    counts_of,
    read_slices,
    reliability,
    scored_boxes,
)
from tools.accuracy.layouts import LabeledPhoto
from tools.accuracy.scoring import Found

from kilomark.errors import InvalidInputError

SMALL, LARGE, IGNORED = [10, 10, 24, 20], [100, 100, 200, 190], [300, 300, 340, 340]
PHOTO = LabeledPhoto(
    Path("a.jpg"), np.array([SMALL, LARGE, IGNORED], float), None, np.array([False, False, True])
)
FOUND = Found(  # the large face, one on the ignored label, and one that is none
    np.array([[102, 98, 201, 190], [301, 301, 339, 342], [400, 10, 440, 50]], float),
    None,
    np.array([0.9, 0.8, 0.3]),
)


def test_counts_leave_ignored_labels_out() -> None:
    counts = counts_of([PHOTO], [FOUND])
    assert (counts.found, counts.missed, counts.false) == (1, 1, 1)


def test_counts_by_the_longer_side_of_the_label() -> None:
    sizes = counts_by_size([PHOTO], [FOUND])
    assert sizes["12-16 px"] == (0, 1)
    assert sizes["96+ px"] == (1, 1)
    assert sum(total for _, total in sizes.values()) == 2


def test_boxes_on_ignored_labels_are_not_scored() -> None:
    boxes = scored_boxes([PHOTO], [FOUND])
    assert boxes.scores.tolist() == [0.9, 0.3]
    assert boxes.is_face.tolist() == [True, False]
    assert boxes.num_labels == 2


def test_scores_that_are_probabilities_have_no_calibration_error() -> None:
    rng = np.random.default_rng(0)
    scores = rng.uniform(0, 1, 40_000)
    boxes = ScoredBoxes(scores, rng.uniform(0, 1, 40_000) < scores, 20_000)
    assert reliability(boxes).ece < 0.01


def test_overconfident_scores_have_a_calibration_error() -> None:
    boxes = ScoredBoxes(np.array([0.95, 0.95]), np.array([True, False]), 1)
    result = reliability(boxes)
    assert result.bins == ((0.9, 2, pytest.approx(0.95), 0.5),)
    assert result.ece == pytest.approx(0.45)
    assert result.f1 == pytest.approx(2 / 3)


def test_the_threshold_of_the_best_f1() -> None:
    boxes = ScoredBoxes(np.array([0.9, 0.8, 0.3]), np.array([True, False, False]), 1)
    result = reliability(boxes)
    assert (result.best_f1, result.best_threshold) == (1.0, pytest.approx(0.9))


def test_a_system_without_scores_has_no_reliability() -> None:
    with pytest.raises(InvalidInputError, match="without scores"):
        scored_boxes([PHOTO], [Found(FOUND.boxes)])


def test_slices_that_are_no_object_of_lists(tmp_path: Path) -> None:
    (tmp_path / "slices.json").write_text("[1]")
    with pytest.raises(InvalidInputError, match="JSON object"):
        read_slices(tmp_path / "slices.json")


def run_tool(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "tools/benchmark_detection.py", *map(str, arguments)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_command_prints_counts_sizes_and_reliability(tmp_path: Path) -> None:
    from kilomark.demo import __path__ as demo

    photo = cv2.imread(f"{next(iter(demo))}/astronaut.jpg")
    cv2.imwrite(str(tmp_path / "a.jpg"), photo)
    cv2.imwrite(str(tmp_path / "b.jpg"), np.full((120, 160, 3), 90, np.uint8))
    (tmp_path / "wider.txt").write_text("a.jpg\n1\n10 10 4 4\nb.jpg\n0\n0 0 0 0\n")
    (tmp_path / "slices.json").write_text(json.dumps({"empty": ["b.jpg"]}))

    done = run_tool(
        tmp_path / "wider.txt", "--system", "kilomark:lite", "--slices", tmp_path / "slices.json",
        "--lowest-score", 0.1, "--out", tmp_path / "report.md",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "| all | 2 | 1 | kilomark:lite | 0 (0.0 %) | 1 | 1 |" in done.stdout
    assert "| empty | 1 | 0 | kilomark:lite | - | 0 | 0 |" in done.stdout
    assert "expected calibration error" in done.stdout
    assert (tmp_path / "report.md").read_text() == done.stdout


def test_a_slice_of_no_photo_is_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "b.jpg"), np.full((120, 160, 3), 90, np.uint8))
    (tmp_path / "wider.txt").write_text("b.jpg\n0\n0 0 0 0\n")
    (tmp_path / "slices.json").write_text(json.dumps({"dark": ["other.jpg"]}))

    done = run_tool(
        tmp_path / "wider.txt", "--system", "kilomark:lite", "--slices", tmp_path / "slices.json"
    )

    assert done.returncode == 2
    assert "'dark'" in done.stderr
