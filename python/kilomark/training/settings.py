"""How a network is trained: every number that a run is made with."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

Precision = Literal["fp32", "bf16"]


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of training at one input size."""

    size: int
    num_samples: int
    batch: int


@dataclass(frozen=True, slots=True)
class Settings:
    """How a network is trained.

    Attributes:
        stages: input sizes in turn; small ones first learn the same for less time.
        optimizer: ``radam`` is the seed's choice; ``adamw`` learns faster here.
        learning_rate: at its peak, after the warm-up.
        trunk_rate: factor on it for parameters called ``trunk.*``, below 1 if they are pretrained.
        warmup_steps: from zero to the peak; then a cosine to zero over all stages.
        ema_decay: of the averaged weights, which are what is evaluated and exported.
        clip_norm: largest gradient norm.
        checkpoint_minutes: between checkpoints.
        evaluate_every: samples between evaluations.
        precision: of the trunk's arithmetic; weights, heads and losses are always fp32.
    """

    stages: tuple[Stage, ...]
    optimizer: Literal["radam", "adamw"] = "adamw"
    learning_rate: float = 2e-3
    trunk_rate: float = 1.0
    weight_decay: float = 1e-4
    warmup_steps: int = 100
    ema_decay: float = 0.998
    clip_norm: float = 2.0
    checkpoint_minutes: float = 5.0
    checkpoints_kept: int = 3
    evaluate_every: int = 10_000
    seed: int = 0
    num_workers: int = 0
    precision: Precision = "fp32"

    @property
    def num_steps(self) -> int:
        """Optimizer steps in all stages."""
        return sum(stage.num_samples // stage.batch for stage in self.stages)

    def to_plain(self) -> dict[str, Any]:
        """Return the settings as JSON holds them, so that they compare equal when read again."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain
