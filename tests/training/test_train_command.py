from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import torch
from tests.full_disk import files_of_at_most

from kilomark.cli.main import main
from kilomark.manifest import SHIPPED_BUNDLES
from kilomark.training.checkpoints import newest_checkpoint, read_newest_checkpoint
from kilomark.training.exported_weights import read_exported_weights

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture
def train_lite(faces_dir: Path, scenes_dir: Path, cache_dir: Path) -> list[str]:
    """The arguments of a run of ten steps, without ``--out``."""
    return [
        "train", "lite",
        "--faces", str(faces_dir), "--scenes", str(scenes_dir), "--cache", str(cache_dir),
        "--stages", "64:40:4", "--checkpoint-minutes", "0", "--threads", "1",
    ]  # fmt: skip


def _stop_after_next_checkpoint(arguments: list[str], run_dir: Path, how: signal.Signals) -> int:
    command = [sys.executable, "-m", "kilomark", *arguments]
    before = newest_checkpoint(run_dir)
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        deadline = time.monotonic() + 200
        while newest_checkpoint(run_dir) == before and time.monotonic() < deadline:
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.002)
        os.killpg(process.pid, how)  # its workers too, as Ctrl-C and batch systems do
        _, said = process.communicate()
        assert "Traceback" not in said
    return process.returncode


def _averaged(run_dir: Path) -> dict[str, torch.Tensor]:
    found = read_newest_checkpoint(run_dir)
    assert found is not None
    assert found[1]["samples_seen"] == 40
    averaged: dict[str, torch.Tensor] = found[1]["averaged"]
    return averaged


def test_a_killed_and_a_stopped_training_end_as_if_never_interrupted(
    train_lite: list[str], tmp_path: Path
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    resumed = [*train_lite, "--out", str(parts), "--resume"]
    with_worker = [*resumed, "--workers", "1"]

    assert _stop_after_next_checkpoint(with_worker, parts, signal.SIGKILL) == -signal.SIGKILL
    assert _stop_after_next_checkpoint(with_worker, parts, signal.SIGTERM) == 3
    assert main(resumed) == 0
    assert main([*train_lite, "--out", str(whole)]) == 0

    wanted = _averaged(whole)
    assert all(torch.equal(value, wanted[name]) for name, value in _averaged(parts).items())
    assert json.loads((parts / "run.json").read_text())["network"] == "lite"
    assert (parts / "learning_curves.png").is_file()
    assert len(list(parts.glob("predictions-*.png"))) == 3


def test_a_run_is_not_begun_twice_or_resumed_otherwise(
    train_lite: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [*train_lite, "--out", str(tmp_path), "--stages", "64:8:4"]
    assert main(command) == 0

    assert main(command) == 2
    assert "holds checkpoints; expected an empty folder" in capsys.readouterr().err
    assert main([*command, "--resume", "--learning-rate", "0.1"]) == 2
    assert "learning_rate: 0.002, not 0.1" in capsys.readouterr().err


@pytest.mark.parametrize("network", ["lite", "faces"])
def test_crops_may_be_decoded_anew_each_time(
    train_lite: list[str], tmp_path: Path, network: str
) -> None:
    command = [train_lite[0], network, *train_lite[2:], "--stages", "64:8:4", "--workers", "1"]
    once, always = tmp_path / "once", tmp_path / "always"

    assert main([*command, "--out", str(once)]) == 0
    assert main([*command, "--out", str(always), "--decoding", "always"]) == 0

    weights = [read_newest_checkpoint(run)[1]["network"] for run in (once, always)]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


def test_a_training_goes_on_from_a_shipped_bundle(train_lite: list[str], tmp_path: Path) -> None:
    command = [*train_lite, "--out", str(tmp_path), "--stages", "64:4:4", "--init", "lite"]

    assert main([*command, "--learning-rate", "1e-9"]) == 0

    found = read_newest_checkpoint(tmp_path)
    assert found is not None
    shipped = read_exported_weights(SHIPPED_BUNDLES / "lite")["head.coordinates.weight"]
    assert torch.allclose(found[1]["network"]["head.coordinates.weight"], shipped, atol=1e-6)
    assert json.loads((tmp_path / "run.json").read_text())["init"] == "lite"


def test_a_full_disk_stops_with_a_message(
    train_lite: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [*train_lite, "--out", str(tmp_path)]
    with files_of_at_most(1_000_000):
        code = main(command)

    assert code == 2
    assert "training stopped: [Errno 27] File too large" in capsys.readouterr().err
    assert not list(tmp_path.glob("checkpoint-*"))
    assert main([*command, "--resume"]) == 0


def test_the_output_is_no_file(
    train_lite: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("keep")

    assert main([*train_lite, "--out", str(tmp_path / "notes.txt")]) == 2

    assert "notes.txt is a file; expected a folder" in capsys.readouterr().err


def test_there_is_no_such_device(
    train_lite: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*train_lite, "--out", str(tmp_path), "--device", "cuda:7"]) == 2

    assert "cannot train on 'cuda:7'" in capsys.readouterr().err
