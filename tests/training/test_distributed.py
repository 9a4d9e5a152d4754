"""Two processes on the CPU, started by torchrun, with gloo. NCCL and SyncBatchNorm need GPUs."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

import json
import os
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from tests.training.line_task import SETTINGS, LineTask, line_trainer

from kilomark.cli.main import main
from kilomark.errors import DeviceUnavailableError, InvalidInputError
from kilomark.training.batches import BatchShares
from kilomark.training.checkpoints import read_newest_checkpoint
from kilomark.training.distributed import Ranks, choose_device
from kilomark.training.run import is_begun

pytestmark = pytest.mark.slow

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
ROOT = Path(__file__).parents[2]


def _torchrun(*arguments: str) -> None:
    finished = subprocess.run(
        [*TORCHRUN, *arguments],
        capture_output=True, text=True, timeout=300, check=False, cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": "."},
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("distributed")
    _torchrun("-m", "tests.training.distributed_run", str(folder))
    return folder


def _losses(run_dir: Path, name: str) -> torch.Tensor:
    """(2, losses of a process)."""
    read = [json.loads((run_dir / f"losses-{rank}.json").read_text()) for rank in (0, 1)]
    return torch.tensor([losses[name] for losses in read])


def _end(run_dir: Path) -> dict[str, Any]:
    found = read_newest_checkpoint(run_dir)
    assert found is not None
    return found[1]


def test_two_processes_have_the_losses_of_one(run_dir: Path, tmp_path: Path) -> None:
    one = LineTask()
    line_trainer(tmp_path, one, dropout=0).train()

    means = _losses(run_dir, "whole").mean(0)

    torch.testing.assert_close(means, torch.tensor(one.losses), rtol=1e-5, atol=1e-6)
    for part in ("network", "averaged"):
        found, wanted = _end(run_dir / "whole")[part], _end(tmp_path)[part]
        torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)


def test_two_processes_that_accumulate_have_the_losses_of_one(
    run_dir: Path, tmp_path: Path
) -> None:
    from tests.training.distributed_run import ACCUMULATING

    one = LineTask()
    settings = ACCUMULATING.__class__(**{**ACCUMULATING.to_plain(), "stages": SETTINGS.stages})
    line_trainer(tmp_path, one, settings, dropout=0).train()

    means = _losses(run_dir, "accumulated").reshape(2, -1, 2).mean((0, 2))

    wanted = torch.tensor(one.losses).reshape(-1, 2).mean(1)
    torch.testing.assert_close(means, wanted, rtol=1e-5, atol=1e-6)


def test_processes_stop_together_and_resume_to_the_same_losses(run_dir: Path) -> None:
    """With the random numbers of each process, which differ."""
    random, resumed = _losses(run_dir, "random"), _losses(run_dir, "resumed")

    assert torch.equal(random, resumed)
    generators = _end(run_dir / "resumed")["rng"]
    assert len(generators) == 2
    assert not torch.equal(generators[0]["torch"], generators[1]["torch"])


def test_one_process_writes(run_dir: Path) -> None:
    rows = (run_dir / "whole" / "progress.jsonl").read_text().splitlines()

    assert len(rows) == 1


def test_a_run_goes_on_with_another_number_of_processes(
    run_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trainer = line_trainer(run_dir / "random")

    assert trainer.resume()
    assert "no random states of 1 processes" in caplog.text


class _WithOthers(Ranks):
    """This process as process 0, beside one that sees a checkpoint."""

    def gather(self, value: str) -> list[str]:
        return [value, "checkpoint-000000000016.pt"]


def test_process_0_on_a_machine_without_the_checkpoints_does_not_start_anew(
    tmp_path: Path,
) -> None:
    assert not is_begun(tmp_path, Ranks())
    with pytest.raises(InvalidInputError, match="process 1 sees checkpoint-000000000016"):
        is_begun(tmp_path, _WithOthers())

    (tmp_path / "checkpoint-000000000016.pt").touch()

    assert is_begun(tmp_path, _WithOthers())


@pytest.mark.parametrize("world_size", [1, 2, 4])
def test_shares_make_up_the_batches(world_size: int) -> None:
    shares = [list(BatchShares(16, 48, 8, rank, world_size)) for rank in range(world_size)]

    batches = [[*chain(*batch)] for batch in zip(*shares, strict=True)]

    assert batches == [list(range(begin, begin + 8)) for begin in range(16, 48, 8)]


def test_a_real_network_trains_on_two_processes_as_in_two_parts(
    faces_dir: Path, scenes_dir: Path, cache_dir: Path, tmp_path: Path
) -> None:
    """On the CPU a batch norm sees the process's share, as it sees the part of a batch.

    RAdam's first steps are plain momentum, which does not magnify rounding as Adam's do.
    """
    command = [
        "train", "lite", "--faces", str(faces_dir), "--scenes", str(scenes_dir),
        "--cache", str(cache_dir), "--stages", "64:24:8", "--threads", "1",
        "--optimizer", "radam", "--warmup-steps", "1", "--device", "cpu",
    ]  # fmt: skip

    assert main([*command, "--accumulate", "2", "--out", str(tmp_path / "one")]) == 0
    _torchrun("-m", "kilomark", *command, "--out", str(tmp_path / "two"))

    one, two = _gradients(tmp_path / "one"), _gradients(tmp_path / "two")
    for found, wanted in zip(two, one, strict=True):
        assert (found - wanted).norm() < 1e-3 * wanted.norm() + 1e-7


def _gradients(run_dir: Path) -> list[torch.Tensor]:
    """The running means of each parameter's gradient."""
    return [state["exp_avg"] for state in _end(run_dir)["optimizer"]["state"].values()]


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "cuda:99"])
def test_a_device_that_is_not_there_is_refused(device: str) -> None:
    with pytest.raises(DeviceUnavailableError, match="available to PyTorch here: cpu"):
        choose_device(device, 0)
