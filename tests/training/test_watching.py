"""What a person sees of a run: rows, bar, curves, pictures, TensorBoard."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from tests.training.line_task import SETTINGS, LineTask, line_trainer

from kilomark.errors import InvalidInputError
from kilomark.evaluation.learning_curves import write_learning_curves
from kilomark.networks.face_finder import FaceFinder
from kilomark.networks.lite import make_lite
from kilomark.training import progress as progress_module
from kilomark.training.finder_task import FinderTask
from kilomark.training.landmark_task import LandmarkTask
from kilomark.training.pictures import box_sheet, landmark_sheet, spaced
from kilomark.training.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn


@pytest.fixture
def every_step_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_module, "_SECONDS_BETWEEN_ROWS", 0.0)


def _rows(run_dir: Path) -> list[dict[str, float]]:
    return [json.loads(row) for row in (run_dir / "progress.jsonl").read_text().splitlines()]


def test_rows_hold_losses_rate_and_throughput(tmp_path: Path, every_step_a_row: None) -> None:  # noqa: ARG001
    line_trainer(tmp_path, task := LineTask()).train()

    rows = _rows(tmp_path)
    assert [row["loss"] for row in rows[:-1]] == pytest.approx(task.losses)
    assert [row["samples"] for row in rows] == [*range(8, 129, 8), 128]
    assert rows[0]["learning_rate"] == SETTINGS.learning_rate / 2  # of two warm-up steps
    assert all(row["samples_per_s"] > 0 for row in rows[:-1])


def test_what_is_seen_again_is_told_once(tmp_path: Path, every_step_a_row: None) -> None:  # noqa: ARG001
    line_trainer(tmp_path).train()
    path = tmp_path / "progress.jsonl"
    path.write_text(path.read_text() + '{"samples": 1')  # cut off by a kill

    Progress(tmp_path, 128).forget_after(64)

    assert [row["samples"] for row in _rows(tmp_path)] == [*range(8, 65, 8)]


def test_the_bar_tells_throughput_and_time_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    line_trainer(tmp_path).train()

    shown = capsys.readouterr().err
    assert "128/128" in shown
    assert "samples/s" in shown
    assert "loss=" in shown


def test_all_figures_of_a_run_are_drawn(tmp_path: Path) -> None:
    line_trainer(tmp_path, settings=replace(SETTINGS, evaluate_every=16)).train()
    path = write_learning_curves(tmp_path)
    assert path is not None

    curves = cv2.imread(str(path))

    assert curves is not None
    assert curves.std() > 5


def test_no_rows_make_no_curves(tmp_path: Path) -> None:
    assert write_learning_curves(tmp_path) is None


def test_a_picture_comes_with_every_checkpoint(tmp_path: Path) -> None:
    class Drawing(LineTask):
        def picture(self, network: nn.Module, size: int) -> np.ndarray:  # noqa: ARG002
            return np.full((4, 4, 3), self.steps, np.uint8)

    settings = replace(SETTINGS, checkpoint_minutes=0, pictures_kept=2)
    line_trainer(tmp_path, Drawing(), settings).train()

    kept = sorted(tmp_path.glob("predictions-*"))
    assert [path.name for path in kept] == [f"predictions-{n:012d}.png" for n in (120, 128)]
    assert cv2.imread(str(kept[0])).flat[0] == 15


def test_tasks_draw_what_networks_say(faces_dir: Path, scenes_dir: Path, cache_dir: Path) -> None:
    landmarks = LandmarkTask(faces_dir, scenes_dir, 0, cache_dir)
    finder = FinderTask([faces_dir], scenes_dir, 0, cache_dir, num_dressed=2, num_drawn=2)

    faces, scenes = landmarks.picture(make_lite(971), 64), finder.picture(FaceFinder(), 64)

    assert faces.shape == (512, 1024, 3)  # six faces in two rows
    assert scenes.shape == (256, 1024, 3)
    green = (faces == (60, 220, 60)).all(-1)
    assert 50 < green.sum() <= 6 * 971


def test_predictions_are_drawn_where_they_are() -> None:
    crops = np.zeros((1, 32, 32, 3), np.uint8)

    sheet = landmark_sheet(crops, np.array([[[0.25, 0.5]]]), np.array([[[0.75, 0.5]]]))
    boxes = box_sheet([crops[0]], [np.array([[8.0, 8, 16, 16]])], np.array([[0.0, 0, 4, 4]]))

    assert sheet[128, 64].tolist() == [60, 220, 60]
    assert sheet[128, 192].tolist() == [255, 255, 255]
    assert (sheet != 0).any(-1).sum() == 2
    assert boxes[64, 100].tolist() == [60, 220, 60]
    assert boxes[0, 10].tolist() == [255, 255, 255]


def test_the_same_few_are_chosen() -> None:
    assert spaced(3) == [0, 1, 2]
    assert len(spaced(1000)) == 12
    assert spaced(1000)[-1] == 999


def test_tensorboard_goes_on_after_a_resumption(tmp_path: Path, every_step_a_row: None) -> None:  # noqa: ARG001
    event_file = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="needs tensorboard"
    )
    board = Progress(tmp_path, 32, tensorboard=True)
    with board.shown(0):
        for samples in (8, 16, 24):
            board.add({"loss": samples}, samples)
    with board.shown(16):
        board.add({"loss": 99.0}, 24)

    events = event_file.EventAccumulator(str(tmp_path / "tensorboard")).Reload()

    assert [(e.step, e.value) for e in events.Scalars("loss")] == [(8, 8), (16, 16), (24, 99)]


def test_tensorboard_that_is_not_installed_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)

    with pytest.raises(InvalidInputError, match="pip install tensorboard"):
        line_trainer(tmp_path, tensorboard=True)
