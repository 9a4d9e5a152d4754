from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

import json
import random
import signal
import time
from dataclasses import replace
from multiprocessing.context import ForkServerContext
from typing import TYPE_CHECKING

import torch
from tests.full_disk import files_of_at_most
from tests.training.line_task import SETTINGS, train_and_tell

from kilomark.errors import InvalidInputError
from kilomark.training.checkpoints import (
    newest_checkpoint,
    read_checkpoint,
    read_newest_checkpoint,
    write_checkpoint,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.context import ForkServerProcess
    from pathlib import Path

    from kilomark.training.settings import Settings

pytestmark = pytest.mark.slow

EVERY_STEP = replace(SETTINGS, checkpoint_minutes=0, checkpoints_kept=2, pictures_kept=0)


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


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".checkpoint-000000000008.pt.0123.tmp").write_bytes(b"half")

    path = write_checkpoint(tmp_path, 16, {"network": {}}, keep=2)

    assert list(tmp_path.iterdir()) == [path]


def _cut(content: bytes) -> bytes:
    return content[:-50]


def _flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("damage", [_cut, _flipped, lambda _: b""])
def test_a_damaged_checkpoint_is_named(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = write_checkpoint(tmp_path, 8, {"network": {"w": torch.zeros(5000)}}, keep=1)
    path.write_bytes(damage(path.read_bytes()))

    with pytest.raises(InvalidInputError, match="checkpoint-000000000008"):
        read_checkpoint(path)
    with pytest.raises(InvalidInputError, match="all 1 checkpoints"):
        read_newest_checkpoint(tmp_path)


# ---- processes that are killed, for real


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes that start fast: forked from one that has imported torch and done nothing."""
    context = ForkServerContext()
    context.set_forkserver_preload(["torch._dynamo", "tests.training.line_task"])
    return context


@pytest.fixture(scope="module")
def uninterrupted(processes: ForkServerContext, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run_dir = tmp_path_factory.mktemp("uninterrupted")
    assert _finish(processes, run_dir) == 0
    return run_dir


def _start(
    processes: ForkServerContext, run_dir: Path, settings: Settings, *how: object
) -> ForkServerProcess:
    run_dir.mkdir(exist_ok=True)
    process = processes.Process(target=train_and_tell, args=(run_dir, settings, *how))
    process.start()
    return process


def _finish(processes: ForkServerContext, run_dir: Path) -> int:
    process = _start(processes, run_dir, EVERY_STEP)
    process.join(300)
    code: int = process.exitcode
    return code


def _assert_same_end(found: Path, wanted: Path) -> None:
    """The losses since the last resumption and all of the last checkpoint are equal to the bit."""
    losses, expected = _losses(found), _losses(wanted)
    assert losses == {step: expected[step] for step in losses}
    ends = [read_newest_checkpoint(run) for run in (found, wanted)]
    assert ends[0] is not None
    assert ends[1] is not None
    assert ends[0][1]["samples_seen"] == 128
    assert _is_equal(ends[0][1], ends[1][1])


def _losses(run_dir: Path) -> dict[int, float]:
    return dict(json.loads(row) for row in (run_dir / "losses.jsonl").read_text().splitlines())


def _is_equal(one: object, other: object) -> bool:
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_equal(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_is_equal, one, other))
    return bool(one == other)


@pytest.mark.parametrize(
    ("die_in", "die_at"),
    [("write", 1), ("write", 40), ("fsync", 5), ("fsync", 6), ("replace", 3), ("unlink", 4)],
)
def test_a_run_killed_while_it_writes_a_checkpoint_ends_the_same(
    processes: ForkServerContext, uninterrupted: Path, tmp_path: Path, die_in: str, die_at: int
) -> None:
    killed = _start(processes, tmp_path, EVERY_STEP, die_in, die_at)
    killed.join(300)
    assert killed.exitcode == -signal.SIGKILL

    assert _finish(processes, tmp_path) == 0

    _assert_same_end(tmp_path, uninterrupted)
    assert len(list(tmp_path.glob("checkpoint-*"))) == 2


def test_a_run_killed_at_random_moments_ends_the_same(
    processes: ForkServerContext, uninterrupted: Path, tmp_path: Path
) -> None:
    pauses = random.Random(1)
    kills = 0
    for _ in range(12):
        process = _start(processes, tmp_path, EVERY_STEP)
        before = newest_checkpoint(tmp_path)
        deadline = time.monotonic() + 300
        while newest_checkpoint(tmp_path) == before and process.is_alive():
            assert time.monotonic() < deadline
        time.sleep(pauses.uniform(0, 0.01))
        process.kill()
        process.join()
        kills += process.exitcode == -signal.SIGKILL

    assert _finish(processes, tmp_path) == 0

    _assert_same_end(tmp_path, uninterrupted)
    assert kills >= 3


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path: Path) -> None:
    whole = write_checkpoint(tmp_path, 8, {"network": {"w": torch.zeros(5000)}}, keep=1)
    before = whole.read_bytes()

    state = {"network": {"w": torch.zeros(100_000)}}

    with files_of_at_most(50_000), pytest.raises(OSError, match="File too large"):
        write_checkpoint(tmp_path, 16, state, keep=1)

    assert [path.name for path in tmp_path.iterdir()] == [whole.name]
    assert whole.read_bytes() == before
