"""The training loop, the same for every network: read it from top to bottom."""

from __future__ import annotations

import copy
import json
import logging
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from kilomark.errors import InvalidInputError
from kilomark.training.averaging import update_average
from kilomark.training.batches import read_batches, split_batch
from kilomark.training.checkpoints import current_recipe, read_newest_checkpoint, write_checkpoint
from kilomark.training.distributed import Ranks, without_exchange
from kilomark.training.optimizers import make_optimizer
from kilomark.training.pictures import write_picture
from kilomark.training.progress import Progress
from kilomark.training.random_state import (
    capture_generators,
    restore_generators,
    seed_generators,
)
from kilomark.training.schedules import make_schedule
from kilomark.training.stopping import StopRequest
from kilomark.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kilomark.training.settings import Settings, Stage
    from kilomark.training.task import Task

__all__ = ["Trainer", "TrainingInterruptedError"]

log = logging.getLogger(__name__)


class TrainingInterruptedError(Exception):
    """Training was asked to stop; everything is saved and ``--resume`` goes on."""


class Trainer:
    """A network, its optimizer and its place in the data, to be trained, saved and resumed.

    Args:
        network: moved to the device, and changed in place.
        task: what it learns.
        settings: how.
        run_dir: folder for checkpoints and logs.
        recipe: other settings that change the result, such as the network's name. A run is
            resumed with the same recipe only.
        ranks: this process among those that train together.
        tensorboard: write for TensorBoard too.
    """

    def __init__(
        self,
        network: nn.Module,
        task: Task,
        settings: Settings,
        run_dir: Path,
        *,
        recipe: Mapping[str, Any] | None = None,
        ranks: Ranks = Ranks(),  # noqa: B008  # frozen
        tensorboard: bool = False,
    ) -> None:
        settings.check_divides(ranks.world_size)
        self.task = task
        self.settings = settings
        self.run_dir = run_dir
        self.recipe = dict(recipe or {})
        self.ranks = ranks
        self.network = ranks.place(network)
        self.averaged = copy.deepcopy(self.network).requires_grad_(False).eval()
        self.optimizer = make_optimizer(self.network, settings)
        self.schedule = make_schedule(self.optimizer, settings)
        self.progress = Progress(
            run_dir, settings.num_samples, enabled=ranks.is_writer, tensorboard=tensorboard
        )
        self.step = 0
        self.samples_seen = 0
        self.evaluated_at = 0
        self.accuracy: dict[str, float] = {}
        self._stop = StopRequest()
        self._last_checkpoint = time.monotonic()
        seed_generators(settings.seed, ranks.rank)

    def resume(self) -> bool:
        """Go on from the newest whole checkpoint of the run; False if there is none.

        Process 0 reads it for all.

        Raises:
            InvalidInputError: the checkpoint was written with other settings.
        """
        found = None
        if self.ranks.is_writer:
            found = read_newest_checkpoint(self.run_dir, set_aside=True)
            if found is not None:
                self._check_same_run(*found)
        found = self.ranks.from_writer(found)
        if found is None:
            return False
        path, state = found
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state.get("schedule", {}))
        self.step, self.samples_seen = state["step"], state["samples_seen"]
        self.evaluated_at = state.get("evaluated_at", self.samples_seen)
        self._restore_generators(state["rng"])
        self.progress.forget_after(self.samples_seen)
        log.info("resumed from %s after %d samples", path.name, self.samples_seen)
        return True

    def _restore_generators(self, states: object) -> None:
        if isinstance(states, list) and len(states) == self.ranks.world_size:
            restore_generators(states[self.ranks.rank], self.ranks.device)
        else:
            log.warning(
                "the checkpoint holds no random states of %d processes: going on with the same "
                "samples, but with new random numbers for what a network draws itself",
                self.ranks.world_size,
            )

    def _check_same_run(self, path: Path, state: Mapping[str, Any]) -> None:
        differing = self.settings.differences(state["settings"])
        for name, saved in current_recipe(state.get("recipe", {})).items():
            if self.recipe.get(name) != saved:
                differing.append(f"{name}: {saved}, not {self.recipe.get(name)}")
        if differing:
            raise InvalidInputError(
                f"{path} was written with other settings ({'; '.join(differing)}); "
                "expected the same: give the same options, or another --output"
            )

    def train(self) -> dict[str, float]:
        """Train to the end of the last stage and return the accuracy of the averaged network.

        Raises:
            TrainingInterruptedError: on SIGTERM or SIGINT, after a checkpoint was written.
            OSError: the disk is full or not writable; earlier checkpoints are untouched.
        """
        if self.ranks.is_writer:
            self._write_recipe()
        self._parallel = self.ranks.parallel(self.network)
        with self._stop.listening(), self.progress.shown(self.samples_seen):
            first_sample = 0
            for stage in self.settings.stages:
                last_sample = first_sample + stage.num_samples // stage.batch * stage.batch
                if self.samples_seen <= last_sample:
                    self._train_stage(stage, last_sample)
                first_sample = last_sample
            self.save()
            if self.evaluated_at != self.samples_seen or not self.accuracy:
                self.evaluate(self.settings.stages[-1].size)
            self._draw(self.settings.stages[-1])
        return self.accuracy

    def _train_stage(self, stage: Stage, last_sample: int) -> None:
        log.info("stage: %d px to sample %d", stage.size, last_sample)
        batches = read_batches(
            self.task.samples(stage.size),
            self.samples_seen,
            last_sample,
            batch=stage.batch,
            ranks=self.ranks,
            num_workers=self.settings.num_workers,
        )
        self._set_training()
        self._evaluate_if_due(stage)
        for batch in batches:
            stop, save = self._take_step(batch, stage)
            if stop:
                self.save()
                raise TrainingInterruptedError(
                    f"stopped after {self.samples_seen} samples; continue with --resume"
                )
            self._evaluate_if_due(stage)
            if save:
                self.save()
                self._draw(stage)

    def _take_step(self, batch: list[Tensor], stage: Stage) -> tuple[bool, bool]:
        """Train on this process's share of a batch; whether to stop, and whether to save."""
        self.schedule.before_step(self.step)
        parts = split_batch(batch, self.settings.accumulate)
        weight = self._mean_weight(parts)
        self.optimizer.zero_grad(set_to_none=True)
        logged: dict[str, Tensor] = {}
        for number, part in enumerate(parts, start=1):
            is_last = number == len(parts)
            with nullcontext() if is_last else without_exchange(self._parallel):
                for name, value in self._add_gradients(part, weight, len(parts)).items():
                    logged[name] = logged.get(name, 0) + value / len(parts)
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.clip_norm)
        if not torch.isfinite(norm):
            raise InvalidInputError(
                f"the gradient is {norm.item()} at step {self.step}; expected a finite one: "
                "lower --learning-rate, or check the labels"
            )
        self.optimizer.step()
        self.step += 1
        self.samples_seen += stage.batch
        if self.ranks.is_writer:
            update_average(self.averaged, self.network, self.step, self.settings.ema_decay)
        return self._report(logged)

    def _mean_weight(self, parts: list[list[Tensor]]) -> Tensor:
        """Weight of a part: the mean over this batch's parts on all processes, never zero."""
        own = torch.stack([self.task.weight(part) for part in parts]).sum()
        return self.ranks.mean(own).clamp(min=1 / self.ranks.world_size) / len(parts)

    def _add_gradients(
        self, part: list[Tensor], weight: Tensor, num_parts: int
    ) -> dict[str, Tensor]:
        is_bf16 = self.settings.precision == "bf16"
        with torch.autocast(self.ranks.device.type, torch.bfloat16, enabled=is_bf16):
            loss, logged = self.task.loss(self._parallel, part, weight)
        (loss / num_parts).backward()  # type: ignore[no-untyped-call]
        return {"loss": loss.detach(), **logged}

    def _report(self, logged: dict[str, Tensor]) -> tuple[bool, bool]:
        """Log the means over all processes, which agree at the same time on what to do next."""
        minutes = (time.monotonic() - self._last_checkpoint) / 60
        wants_save = self.ranks.is_writer and minutes >= self.settings.checkpoint_minutes
        wishes = torch.tensor([self._stop.is_made, wants_save], device=self.ranks.device)
        values = torch.stack([value.float() for value in logged.values()])
        stop, save, *means = self.ranks.mean(torch.cat([wishes.float(), values])).tolist()
        parts = dict(zip(logged, means, strict=True))
        rate = max(group["lr"] for group in self.optimizer.param_groups)
        self.progress.add({**parts, "learning_rate": rate}, self.samples_seen)
        return stop > 0, save > 0

    def _set_training(self) -> None:
        """Put all but the frozen parts into training mode: their batch norms stay as they are."""
        self._parallel.train()
        for module in self.network.modules():
            own = list(module.parameters())
            if own and not any(parameter.requires_grad for parameter in own):
                module.eval()

    def _evaluate_if_due(self, stage: Stage) -> None:
        """Evaluate at multiples of ``evaluate_every``, however often the run was interrupted."""
        every = self.settings.evaluate_every
        if self.samples_seen // every > self.evaluated_at // every:
            self.evaluate(stage.size)

    def evaluate(self, size: int) -> None:
        """Measure the averaged network on process 0, and log the figures."""
        accuracy: dict[str, float] = {}
        if self.ranks.is_writer:
            accuracy = self.task.evaluate(self.averaged, size)
            self.progress.write({"samples": self.samples_seen, "size": size, **accuracy})
        self.accuracy = self.ranks.from_writer(accuracy)
        self.schedule.after_evaluation(self.step, self.task.validation_error(self.accuracy))
        self.evaluated_at = self.samples_seen

    def save(self) -> None:
        """Write a checkpoint of everything that resuming needs; all processes take part."""
        self._last_checkpoint = time.monotonic()
        generators = self.ranks.gather(capture_generators(self.ranks.device))
        if not self.ranks.is_writer:
            return
        state = {
            "settings": self.settings.to_plain(),
            "recipe": self.recipe,
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "rng": generators,
            "step": self.step,
            "samples_seen": self.samples_seen,
            "epoch": self.samples_seen // max(1, self.task.samples_per_epoch),
            "evaluated_at": self.evaluated_at,
        }
        kept = self.settings.checkpoints_kept
        write_checkpoint(self.run_dir, self.samples_seen, state, keep=kept)

    def _draw(self, stage: Stage) -> None:
        """Write a picture of predictions, where the task has one."""
        kept = self.settings.pictures_kept
        if not self.ranks.is_writer or not kept:
            return
        picture = self.task.picture(self.averaged, stage.size)
        if picture is not None:
            write_picture(self.run_dir, self.samples_seen, picture, keep=kept)

    def _write_recipe(self) -> None:
        """Write ``run.json``: what is trained and how, for whoever exports the network."""
        self.run_dir.mkdir(parents=True, exist_ok=True)
        complete = {**self.recipe, "settings": self.settings.to_plain()}
        content = json.dumps(complete, indent=1) + "\n"
        write_whole(self.run_dir / "run.json", content.encode())
