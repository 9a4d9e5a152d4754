"""The training loop, the same for every network: read it from top to bottom."""

from __future__ import annotations

import copy
import json
import logging
import math
import signal
import time
from typing import TYPE_CHECKING, Any, Protocol, cast

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from kilomark.errors import InvalidInputError
from kilomark.training.checkpoints import newest_checkpoint, read_checkpoint, write_checkpoint
from kilomark.training.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType

    from torch.utils.data import Dataset

    from kilomark.training.settings import Settings, Stage

logger = logging.getLogger(__name__)


class Samples(Protocol):
    """An endless stream: sample i is a function of i alone."""

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        """Arrays that stack to a batch."""


class Task(Protocol):
    """What a network is trained for."""

    def samples(self, size: int) -> Samples:
        """Samples for inputs of ``size`` px."""

    def loss(self, network: nn.Module, batch: list[Tensor]) -> tuple[Tensor, dict[str, float]]:
        """Loss of a batch and its parts, for the log."""

    def evaluate(self, network: nn.Module, size: int) -> dict[str, float]:
        """Accuracy on the validation split."""


class TrainingInterruptedError(Exception):
    """Training was asked to stop; everything is saved and ``--resume`` goes on."""


class Trainer:
    """A network, its optimizer and its place in the data, to be trained, saved and resumed."""

    def __init__(self, network: nn.Module, task: Task, settings: Settings, run_dir: Path) -> None:
        self.network = network
        self.task = task
        self.settings = settings
        self.run_dir = run_dir
        self.averaged = copy.deepcopy(network).requires_grad_(False).eval()
        self.optimizer = _make_optimizer(network, settings)
        self.progress = Progress(run_dir / "progress.jsonl")
        self.step = 0
        self.samples_seen = 0
        self._stop_requested = False
        self._last_checkpoint = time.monotonic()

    def resume(self) -> bool:
        """Go on from the newest checkpoint of the run; False if there is none.

        Raises:
            InvalidInputError: the checkpoint was written with other settings.
        """
        path = newest_checkpoint(self.run_dir)
        if path is None:
            return False
        state = read_checkpoint(path)
        self._check_same_settings(path, state["settings"])
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"])
        self.step, self.samples_seen = state["step"], state["samples_seen"]
        logger.info("resumed from %s after %d samples", path.name, self.samples_seen)
        return True

    def _check_same_settings(self, path: Path, saved: dict[str, Any]) -> None:
        given = self.settings.to_plain()
        differing = [name for name in given if given[name] != saved.get(name)]
        if differing:
            shown = "; ".join(f"{name}: {saved.get(name)}, not {given[name]}" for name in differing)
            raise InvalidInputError(
                f"{path} was written with other settings ({shown}); "
                "expected the same: give the same options, or another --out"
            )

    def record_recipe(self, recipe: dict[str, Any]) -> None:
        """Write ``run.json``: what is trained and how, for whoever exports the network."""
        self.run_dir.mkdir(parents=True, exist_ok=True)
        complete = {**recipe, "settings": self.settings.to_plain()}
        (self.run_dir / "run.json").write_text(json.dumps(complete, indent=1) + "\n")

    def train(self) -> dict[str, float]:
        """Train to the end of the last stage and return the accuracy of the averaged network.

        Raises:
            TrainingInterruptedError: on SIGTERM or SIGINT, after a checkpoint was written.
        """
        self.run_dir.mkdir(parents=True, exist_ok=True)
        previous = {
            number: signal.signal(number, self._request_stop)
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            return self._train()
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _train(self) -> dict[str, float]:
        first_sample = 0
        for stage in self.settings.stages:
            last_sample = first_sample + stage.num_samples // stage.batch * stage.batch
            if self.samples_seen < last_sample:
                self._train_stage(stage, last_sample)
            first_sample = last_sample
        self.save()
        return self.evaluate(self.settings.stages[-1].size)

    def _train_stage(self, stage: Stage, last_sample: int) -> None:
        logger.info("stage: %d px to sample %d", stage.size, last_sample)
        next_evaluation = self.samples_seen + self.settings.evaluate_every
        self.progress.restart(self.samples_seen)
        self.network.train()
        for batch in self._batches(stage, last_sample):
            parts = self._take_step(batch)
            self.samples_seen += stage.batch
            self.progress.add(parts, self.samples_seen)
            if self._stop_requested:
                self.save()
                raise TrainingInterruptedError(
                    f"stopped after {self.samples_seen} samples; go on with --resume"
                )
            if self.samples_seen >= next_evaluation:
                self.evaluate(stage.size)
                next_evaluation += self.settings.evaluate_every
                self.network.train()
            if time.monotonic() - self._last_checkpoint > 60 * self.settings.checkpoint_minutes:
                self.save()

    def _batches(self, stage: Stage, last_sample: int) -> Iterator[list[Tensor]]:
        """Batches from the next unseen sample on; the index alone decides what a sample is."""
        return iter(
            DataLoader(
                cast("Dataset[Any]", self.task.samples(stage.size)),
                batch_size=stage.batch,
                sampler=range(self.samples_seen, last_sample),
                num_workers=self.settings.num_workers,
            )
        )

    def _take_step(self, batch: list[Tensor]) -> dict[str, float]:
        self._set_learning_rate()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.settings.precision == "bf16"):
            loss, parts = self.task.loss(self.network, batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.clip_norm)
        if not torch.isfinite(norm):
            raise InvalidInputError(
                f"the gradient is {norm.item()} at step {self.step}; expected a finite one: "
                "lower --learning-rate, or check the labels"
            )
        self.optimizer.step()
        self.step += 1
        self._update_average()
        return {"loss": loss.item(), **parts}

    def _set_learning_rate(self) -> None:
        settings = self.settings
        warmup = min(1.0, (self.step + 1) / max(1, settings.warmup_steps))
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, self.step / settings.num_steps)))
        for group in self.optimizer.param_groups:
            group["lr"] = settings.learning_rate * group["rate"] * warmup * cosine

    @torch.no_grad()
    def _update_average(self) -> None:
        # Early on the average must not remember the starting point for long.
        decay = min(self.settings.ema_decay, (1 + self.step) / (10 + self.step))
        new_values = self.network.state_dict()
        for name, value in self.averaged.state_dict().items():
            if value.is_floating_point():
                value.lerp_(new_values[name], 1 - decay)
            else:
                value.copy_(new_values[name])

    def evaluate(self, size: int) -> dict[str, float]:
        """Measure the averaged network and append the figures to ``progress.jsonl``."""
        accuracy = self.task.evaluate(self.averaged, size)
        self.progress.write({"samples": self.samples_seen, "size": size, **accuracy})
        return accuracy

    def save(self) -> Path:
        """Write a checkpoint of everything that resuming needs."""
        self._last_checkpoint = time.monotonic()
        state = {
            "settings": self.settings.to_plain(),
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "rng": torch.get_rng_state(),
            "step": self.step,
            "samples_seen": self.samples_seen,
        }
        kept = self.settings.checkpoints_kept
        return write_checkpoint(self.run_dir, self.samples_seen, state, keep=kept)

    def _request_stop(self, number: int, _frame: FrameType | None) -> None:
        logger.info("%s: saving after this step", signal.Signals(number).name)
        self._stop_requested = True


def _make_optimizer(network: nn.Module, settings: Settings) -> torch.optim.Optimizer:
    """Weight decay on matrices only; the trunk at its own rate."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        rate = settings.trunk_rate if name.startswith("trunk.") else 1.0
        decay = settings.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    kinds: dict[str, Callable[..., torch.optim.Optimizer]] = {
        "adamw": torch.optim.AdamW,
        "radam": torch.optim.RAdam,
    }
    return kinds[settings.optimizer](
        [
            {"params": parameters, "rate": rate, "weight_decay": decay}
            for (rate, decay), parameters in groups.items()
        ],
        lr=settings.learning_rate,
    )
