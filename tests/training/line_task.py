"""Linear regression: the smallest task, for tests of the loop, and as a process to be killed."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from kilomark.training import checkpoints
from kilomark.training.distributed import Ranks
from kilomark.training.loop import Trainer
from kilomark.training.settings import Settings, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
SETTINGS = Settings(stages=(Stage(8, 64, 8), Stage(16, 64, 8)), warmup_steps=2, evaluate_every=1000)


class LineSamples:
    """Points of a line: sample i depends on i alone. Some don't count."""

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.float32, np.float32]:
        rng = np.random.default_rng(index)
        x = rng.normal(size=3).astype(np.float32)
        return x, np.float32(x @ (1.0, -2.0, 0.5)), np.float32(rng.random() < 0.7)


class LineTask:
    """Linear regression, stopped on request after some steps."""

    samples_per_epoch = 24
    topology = None
    teacher = None

    def __init__(self, stop_after: int | None = None) -> None:
        self.stop_after = stop_after
        self.steps = 0
        self.losses: list[float] = []
        self.errors: dict[int, float] = {}
        self.evaluations = 0

    def samples(self, size: int) -> LineSamples:  # noqa: ARG002
        return LineSamples()

    def weight(self, batch: list[Tensor]) -> Tensor:
        return batch[2].sum()

    def loss(
        self, network: nn.Module, batch: list[Tensor], weight: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        self.steps += 1
        if self.steps == self.stop_after:
            os.kill(os.getpid(), signal.SIGTERM)
        x, y, counts = batch
        loss = ((network(x)[:, 0] - y) ** 2 * counts).sum() / weight
        self.losses.append(loss.item())
        return loss, {}

    def evaluate(self, network: nn.Module, size: int) -> dict[str, float]:
        self.evaluations += 1
        total = sum(parameter.sum().item() for parameter in network.parameters())
        error = self.errors.get(self.evaluations, 1.0)
        return {"weights": total, "size_seen": float(size), "error": error}

    def validation_error(self, accuracy: Mapping[str, float]) -> float:
        return accuracy["error"]

    def example_shapes(self) -> None:
        return None

    def example_images(self, size: int) -> Tensor:  # noqa: ARG002
        return torch.zeros(1, 3)

    def recipe(self) -> dict[str, Any]:
        return {}

    def picture(self, network: nn.Module, size: int) -> np.ndarray | None:  # noqa: ARG002
        return None


class LineNetwork(nn.Sequential):
    """Two layers, and between them what draws random numbers."""

    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__(nn.Linear(3, 32), nn.Dropout(dropout), nn.Linear(32, 1))


def line_trainer(
    run_dir: Path,
    task: LineTask | None = None,
    settings: Settings = SETTINGS,
    *,
    dropout: float = 0.3,
    recipe: Mapping[str, str] | None = None,
    ranks: Ranks = Ranks(),  # noqa: B008  # frozen
    tensorboard: bool = False,
) -> Trainer:
    torch.manual_seed(0)
    return Trainer(
        LineNetwork(dropout),
        task or LineTask(),
        settings,
        run_dir,
        recipe=recipe,
        ranks=ranks,
        tensorboard=tensorboard,
    )


def train_and_tell(
    run_dir: Path, settings: Settings, die_in: str | None = None, die_at: int = 0
) -> None:
    """Train or resume, writing the loss of every step; for a process of its own.

    Args:
        run_dir: the run's folder.
        settings: the run's.
        die_in: what to be killed in: ``write``, ``fsync``, ``replace`` or ``unlink``.
        die_at: its how-manieth call does not return.
    """
    torch.set_num_threads(1)
    if die_in is not None:
        _kill_in(die_in, die_at)
    task = LineTask()
    trainer = line_trainer(run_dir, task, settings)
    trainer.resume()
    first_step = trainer.step
    trainer.train()
    with (run_dir / "losses.jsonl").open("a") as file:
        file.writelines(
            json.dumps([step, loss]) + "\n" for step, loss in enumerate(task.losses, first_step)
        )


def _kill_in(name: str, count: int) -> None:
    owner: Any = {
        "write": checkpoints._Recorder,
        "fsync": os,
        "replace": Path,
        "unlink": Path,
    }[name]
    calls = iter(range(1, 10**9))
    original: Callable[..., Any] = getattr(owner, name)

    def dying(*arguments: object, **options: object) -> object:
        if next(calls) == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **options)

    setattr(owner, name, dying)
