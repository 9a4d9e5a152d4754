"""How the learning rate changes during a run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

from torch.optim.lr_scheduler import ReduceLROnPlateau

if TYPE_CHECKING:
    import torch

    from kilomark.training.settings import Settings

__all__ = ["CosineSchedule", "PlateauSchedule", "Schedule", "make_schedule"]


class Schedule(Protocol):
    """Sets the learning rate of an optimizer's groups, each of which has its factor ``rate``."""

    def before_step(self, step: int) -> None:
        """Set the rate of step ``step``, counted from 0."""

    def after_evaluation(self, step: int, error: float) -> None:
        """Take in the validation error, lower being better."""

    def state_dict(self) -> dict[str, Any]:
        """What resuming needs, beside the optimizer's state."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""


class CosineSchedule:
    """A linear warm-up, and half a cosine to zero over all steps."""

    def __init__(self, optimizer: torch.optim.Optimizer, settings: Settings) -> None:
        self._optimizer = optimizer
        self._peak = settings.learning_rate
        self._warmup_steps = settings.warmup_steps
        self._num_steps = settings.num_steps

    def before_step(self, step: int) -> None:
        """Set the rate: a function of the step alone."""
        warmup = min(1.0, (step + 1) / max(1, self._warmup_steps))
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / self._num_steps)))
        for group in self._optimizer.param_groups:
            group["lr"] = self._peak * group["rate"] * warmup * cosine

    def after_evaluation(self, step: int, error: float) -> None:
        """Do nothing."""

    def state_dict(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take nothing."""


class PlateauSchedule:
    """A linear warm-up; then torch's ``ReduceLROnPlateau`` on the validation error."""

    def __init__(self, optimizer: torch.optim.Optimizer, settings: Settings) -> None:
        self._optimizer = optimizer
        self._peak = settings.learning_rate
        self._warmup_steps = settings.warmup_steps
        self._plateau = ReduceLROnPlateau(
            optimizer, factor=settings.plateau_factor, patience=settings.plateau_patience
        )

    def before_step(self, step: int) -> None:
        """Set the rate during the warm-up; then it is the plateau's, kept by the optimizer."""
        if step < self._warmup_steps:
            for group in self._optimizer.param_groups:
                group["lr"] = self._peak * group["rate"] * (step + 1) / self._warmup_steps

    def after_evaluation(self, step: int, error: float) -> None:
        """Lower the rate if the error has not fallen for too many evaluations."""
        if step >= self._warmup_steps:
            self._plateau.step(error)

    def state_dict(self) -> dict[str, Any]:
        """The best error and how long ago that was."""
        keys = ("best", "num_bad_epochs", "last_epoch", "cooldown_counter")
        state = self._plateau.state_dict()
        return {key: state[key] for key in keys}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self._plateau.load_state_dict(state)


def make_schedule(optimizer: torch.optim.Optimizer, settings: Settings) -> Schedule:
    """Make the schedule that the settings name."""
    kinds: dict[str, type[CosineSchedule | PlateauSchedule]] = {
        "cosine": CosineSchedule,
        "plateau": PlateauSchedule,
    }
    return kinds[settings.schedule](optimizer, settings)
