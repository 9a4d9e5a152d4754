"""How a network is trained: every number that a run is made with."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LocationLoss", "Precision", "Settings", "Stage", "default_stages", "parse_stages"]

Precision = Literal["fp32", "bf16"]
LocationLoss = Literal["smooth_l1", "mse", "wing"]

# What a run computes does not depend on these, so they may change when it is resumed.
_WITHOUT_CONSEQUENCE = {"checkpoint_minutes", "checkpoints_kept", "pictures_kept", "num_workers"}

_LIMITS: dict[str, tuple[float, float]] = {
    "plateau_factor": (0, 0.99),
    "plateau_patience": (0, 10**9),
    "learning_rate": (0, 1000),
    "trunk_rate": (0, 1000),
    "weight_decay": (0, 1000),
    "warmup_steps": (0, 10**9),
    "accumulate": (1, 10**6),
    "ema_decay": (0, 1),
    "clip_norm": (0, float("inf")),
    "checkpoint_minutes": (0, 10**6),
    "checkpoints_kept": (1, 10**6),
    "pictures_kept": (0, 10**6),
    "evaluate_every": (1, 10**12),
    "num_workers": (0, 10**4),
}


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of training at one input size; ``batch`` samples make a step, on all processes."""

    size: int
    num_samples: int
    batch: int


# Small inputs first teach the same for less time.
_DEFAULT_STAGES = {
    "resnext50": "64:60000:32,96:60000:32,128:60000:32",
    "lite": "128:400000:64",
    "faces": "320:600000:64",
    "faces-large": "320:600000:64",
    "eyes": "32:1500000:128",
}


def default_stages(network: str) -> tuple[Stage, ...]:
    """Stages that a network is trained with by default."""
    return parse_stages(_DEFAULT_STAGES[network])


def parse_stages(text: str) -> tuple[Stage, ...]:
    """Parse stages written as ``SIZE:SAMPLES:BATCH[,...]``.

    Raises:
        InvalidInputError: a stage is not three numbers, or they cannot be trained with.
    """
    stages = []
    for part in text.split(","):
        try:
            size, num_samples, batch = (int(number) for number in part.split(":"))
        except ValueError as error:
            raise InvalidInputError(
                f"--stages holds {excerpt(part)}; expected SIZE:SAMPLES:BATCH, such as 128:60000:32"
            ) from error
        if size <= 0 or size % 32 or batch <= 0 or num_samples < batch:
            raise InvalidInputError(
                f"--stages holds {excerpt(part)}; expected a size that is a multiple of 32, and at "
                "least one batch of samples"
            )
        stages.append(Stage(size, num_samples, batch))
    return tuple(stages)


@dataclass(frozen=True, slots=True)
class Settings:
    """How a network is trained.

    Attributes:
        stages: input sizes in turn; small ones first learn the same for less time.
        optimizer: ``radam`` is the baseline's choice; ``adamw`` learns faster here.
        loss: of the landmarks: ``mse`` is the baseline's. The face detector has its own.
        schedule: ``cosine`` falls to zero over all stages; ``plateau`` multiplies the rate by
            ``plateau_factor`` after more than ``plateau_patience`` evaluations without progress.
        learning_rate: at its peak, after the warm-up.
        trunk_rate: factor on it for parameters called ``trunk.*``, below 1 if they are pretrained.
        warmup_steps: from zero to the peak.
        frozen: parts that are not trained, as ``--freeze`` names them.
        accumulate: parts that a process computes its share of a batch in, to need less memory.
        ema_decay: of the averaged weights, which are what is evaluated and exported.
        clip_norm: largest gradient norm.
        checkpoint_minutes: between checkpoints.
        checkpoints_kept: the newest ones.
        pictures_kept: pictures of predictions, one a checkpoint; 0 draws none.
        evaluate_every: samples between evaluations.
        precision: of the trunk's arithmetic; weights, heads and losses are always fp32.
    """

    stages: tuple[Stage, ...]
    optimizer: Literal["radam", "adamw"] = "adamw"
    loss: LocationLoss = "smooth_l1"
    schedule: Literal["cosine", "plateau"] = "cosine"
    plateau_factor: float = 0.3
    plateau_patience: int = 3
    learning_rate: float = 2e-3
    trunk_rate: float = 1.0
    weight_decay: float = 1e-4
    warmup_steps: int = 100
    frozen: tuple[str, ...] = ()
    accumulate: int = 1
    ema_decay: float = 0.998
    clip_norm: float = 2.0
    checkpoint_minutes: float = 5.0
    checkpoints_kept: int = 3
    pictures_kept: int = 3
    evaluate_every: int = 10_000
    seed: int = 0
    num_workers: int = 0
    precision: Precision = "fp32"

    def __post_init__(self) -> None:
        for name, (least, most) in _LIMITS.items():
            value = getattr(self, name)
            if not least <= value <= most:  # NaN neither
                raise InvalidInputError(
                    f"{name} is {value}; expected a number from {least:g} to {most:g}"
                )

    @property
    def num_steps(self) -> int:
        """Optimizer steps in all stages."""
        return sum(stage.num_samples // stage.batch for stage in self.stages)

    @property
    def num_samples(self) -> int:
        """Samples in all stages; an incomplete last batch is left out."""
        return sum(stage.num_samples // stage.batch * stage.batch for stage in self.stages)

    def to_plain(self) -> dict[str, Any]:
        """Return the settings as JSON holds them, so that they compare equal when read again."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain

    def differences(self, saved: Mapping[str, Any]) -> list[str]:
        """Describe the differences from an earlier run's plain settings that change its result.

        A setting that the earlier run did not know had its default then.
        """
        neutral = set(_WITHOUT_CONSEQUENCE)
        if self.schedule == "cosine":
            neutral.add("evaluate_every")
        given = self.to_plain()
        defaults = {field.name: field.default for field in fields(self)}
        defaults["frozen"] = []
        before = {name: saved.get(name, defaults[name]) for name in given}
        return [
            f"{name}: {before[name]}, not {given[name]}"
            for name in given
            if name not in neutral and before[name] != given[name]
        ]

    def check_divides(self, num_processes: int) -> None:
        """Check that every batch can be shared equally.

        Raises:
            InvalidInputError: it cannot.
        """
        parts = num_processes * self.accumulate
        for stage in self.stages:
            if stage.batch % parts:
                raise InvalidInputError(
                    f"a batch of {stage.batch} does not divide among {num_processes} processes "
                    f"x {self.accumulate} parts; expected a multiple of {parts}: change --stages "
                    "or --accumulate"
                )
