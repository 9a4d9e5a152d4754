from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from kilomark.errors import InvalidInputError
from kilomark.training.checkpoints import newest_checkpoint, read_checkpoint, write_checkpoint
from kilomark.training.loop import Trainer, TrainingInterruptedError
from kilomark.training.settings import Settings, Stage

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = Settings(stages=(Stage(8, 64, 8), Stage(16, 64, 8)), warmup_steps=2, evaluate_every=1000)


class LineSamples:
    """Points of a line: sample i depends on i alone."""

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.float32]:
        x = np.random.default_rng(index).normal(size=3).astype(np.float32)
        return x, np.float32(x @ (1.0, -2.0, 0.5))


class LineTask:
    """Linear regression, stopped on request after some steps."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.stop_after = stop_after
        self.steps = 0
        self.losses: list[float] = []

    def samples(self, size: int) -> LineSamples:  # noqa: ARG002
        return LineSamples()

    def loss(self, network: nn.Module, batch: list[Tensor]) -> tuple[Tensor, dict[str, float]]:
        self.steps += 1
        if self.steps == self.stop_after:
            os.kill(os.getpid(), signal.SIGTERM)
        x, y = batch
        loss = ((network(x)[:, 0] - y) ** 2).mean()
        self.losses.append(loss.item())
        return loss, {}

    def evaluate(self, network: nn.Module, size: int) -> dict[str, float]:  # noqa: ARG002
        return {"weight": network.get_parameter("weight")[0, 0].item()}


def _trainer(run_dir: Path, task: LineTask, settings: Settings = SETTINGS) -> Trainer:
    torch.manual_seed(0)
    return Trainer(nn.Linear(3, 1), task, settings, run_dir)


def test_resuming_continues_to_the_same_losses(tmp_path: Path) -> None:
    whole = LineTask()
    wanted = _trainer(tmp_path / "whole", whole).train()

    stopped, resumed = LineTask(stop_after=11), LineTask()
    with pytest.raises(TrainingInterruptedError):
        _trainer(tmp_path / "parts", stopped).train()
    trainer = _trainer(tmp_path / "parts", resumed)
    assert trainer.resume()
    found = trainer.train()

    assert stopped.losses + resumed.losses == whole.losses
    assert found == wanted


def test_resuming_with_other_settings_is_refused(tmp_path: Path) -> None:
    _trainer(tmp_path, LineTask()).save()

    other = _trainer(tmp_path, LineTask(), replace(SETTINGS, learning_rate=1.0))

    with pytest.raises(InvalidInputError, match=r"learning_rate: 0\.002, not 1\.0"):
        other.resume()


def test_there_is_nothing_to_resume_in_a_new_folder(tmp_path: Path) -> None:
    assert not _trainer(tmp_path / "new", LineTask()).resume()


def test_the_newest_checkpoints_are_kept(tmp_path: Path) -> None:
    for samples in (8, 16, 24, 32):
        write_checkpoint(tmp_path, samples, {"network": {}}, keep=2)

    names = sorted(path.name for path in tmp_path.iterdir())

    assert names == ["checkpoint-000000000024.pt", "checkpoint-000000000032.pt"]
    assert newest_checkpoint(tmp_path) == tmp_path / names[-1]


def test_a_failed_write_leaves_the_last_checkpoint(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, 8, {"network": {}}, keep=2)

    with pytest.raises(Exception, match="pickle"):
        write_checkpoint(tmp_path, 16, {"network": lambda: None}, keep=2)

    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-000000000008.pt"]


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path, 8, {"network": {}}, keep=1)
    path.write_bytes(path.read_bytes()[:50])

    with pytest.raises(InvalidInputError, match="checkpoint-000000000008"):
        read_checkpoint(path)


def test_a_gradient_that_is_not_finite_stops_training(tmp_path: Path) -> None:
    class Broken(LineTask):
        def loss(self, network: nn.Module, batch: list[Tensor]) -> tuple[Tensor, dict[str, float]]:
            loss, parts = super().loss(network, batch)
            return loss * float("nan"), parts

    with pytest.raises(InvalidInputError, match="gradient is nan at step 0"):
        _trainer(tmp_path, Broken()).train()


def test_a_killed_training_resumes(
    faces_dir: Path, scenes_dir: Path, cache_dir: Path, tmp_path: Path
) -> None:
    """SIGKILL at no particular moment: what was saved is whole, and training goes on from it."""
    out = tmp_path / "run"
    command = [
        sys.executable, "-m", "kilomark.cli.main", "train", "lite",
        "--faces", str(faces_dir), "--scenes", str(scenes_dir), "--cache", str(cache_dir),
        "--out", str(out), "--stages", "64:64:4", "--checkpoint-minutes", "0.0001",
        "--threads", "1", "--resume",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while len(list(out.glob("checkpoint-*.pt"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    process.wait()
    saved = newest_checkpoint(out)
    assert saved is not None
    before = read_checkpoint(saved)["samples_seen"]

    finished = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    assert finished.returncode == 0, finished.stderr
    last = newest_checkpoint(out)
    assert last is not None
    assert read_checkpoint(last)["samples_seen"] == 64
    assert 0 < before <= 64
