"""The options of ``kilomark train``, and the settings that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    import argparse

    from kilomark.training.settings import Settings, Stage

# Input size : samples : batch, in turn. Small inputs first teach the same for less time.
DEFAULT_STAGES = {
    "resnext50": "64:60000:32,96:60000:32,128:60000:32",
    "lite": "128:400000:64",
    "faces": "256:150000:32",
}


def add_start_options(group: argparse._ArgumentGroup) -> None:
    """Add what a run starts from."""
    group.add_argument(
        "--head",
        choices=("compact", "seed"),
        default="compact",
        help="of landmark networks; seed is the notebook's, of 262 million parameters",
    )
    group.add_argument(
        "--init",
        default="random",
        metavar="WEIGHTS",
        help="random, imagenet, a .safetensors file (a trunk, or what 'kilomark weights' wrote), "
        "a checkpoint-*.pt of another run, to go on from its averaged weights, a shipped bundle or "
        "a bundle's folder (default: random)",
    )
    group.add_argument(
        "--init-part",
        choices=("all", "trunk"),
        default="all",
        help="trunk: take no head from what holds one (default: all)",
    )
    group.add_argument(
        "--freeze",
        metavar="PART[,...]",
        default="",
        help="parts that are not trained: trunk, stem, trunk.layer1, head.reduce ...",
    )


def add_recipe_options(group: argparse._ArgumentGroup) -> None:
    """Add what its result depends on."""
    group.add_argument(
        "--stages", help="SIZE:SAMPLES:BATCH[,...], batches of all processes; default by network"
    )
    group.add_argument(
        "--loss",
        choices=("smooth_l1", "mse", "wing"),
        default="smooth_l1",
        help="of the landmarks; mse is the seed's (default: smooth_l1)",
    )
    group.add_argument(
        "--teacher",
        metavar="BUNDLE",
        help="a shipped bundle or a bundle's folder, whose landmarks are learned beside the labels",
    )
    group.add_argument(
        "--teacher-weight",
        type=float,
        default=0.5,
        help="of its landmarks; the labels have the rest of 1 (default: 0.5)",
    )
    group.add_argument("--optimizer", choices=("adamw", "radam"), default="adamw")
    group.add_argument("--learning-rate", type=float, default=2e-3)
    group.add_argument("--trunk-rate", type=float, default=1.0, help="factor for the trunk's rate")
    group.add_argument("--weight-decay", type=float, default=1e-4)
    group.add_argument("--warmup-steps", type=int, default=100)
    group.add_argument("--schedule", choices=("cosine", "plateau"), default="cosine")
    group.add_argument("--plateau-factor", type=float, default=0.3)
    group.add_argument("--plateau-patience", type=int, default=3, metavar="EVALUATIONS")
    group.add_argument("--ema-decay", type=float, default=0.998)
    group.add_argument(
        "--accumulate",
        type=int,
        default=1,
        metavar="PARTS",
        help="compute a batch in parts, to need less memory (default: 1)",
    )
    group.add_argument(
        "--precision", choices=("fp32", "bf16"), default="fp32", help="of the trunk's arithmetic"
    )
    group.add_argument("--evaluate-every", type=int, default=10_000, metavar="SAMPLES")


def add_machine_options(group: argparse._ArgumentGroup) -> None:
    """Add what its result does not depend on."""
    group.add_argument(
        "--device",
        default="auto",
        help="cpu, cuda, cuda:N, or auto: a GPU if there is one; under torchrun each process takes "
        "the GPU of its number (default: auto)",
    )
    group.add_argument("--checkpoint-minutes", type=float, default=5.0)
    group.add_argument("--checkpoints-kept", type=int, default=3)
    group.add_argument(
        "--decoding",
        choices=("once", "always"),
        default="once",
        help="decode face crops once, into the cache, or whenever one is drawn, which takes no "
        "space and a fifth longer for a sample (default: once)",
    )
    group.add_argument(
        "--pictures-kept",
        type=int,
        default=3,
        help="of predictions, one a checkpoint; 0 draws none (default: 3)",
    )
    group.add_argument(
        "--tensorboard", action="store_true", help="write for TensorBoard too: needs its package"
    )
    group.add_argument("--workers", type=int, default=0, help="processes that make samples")
    group.add_argument("--threads", type=int, help="threads that compute (default: all cores)")


def make_settings(args: argparse.Namespace) -> Settings:
    """Make the settings of a command line.

    Raises:
        InvalidInputError: an option is out of range.
    """
    from kilomark.training.settings import Settings

    return Settings(
        stages=_parse_stages(args.stages or DEFAULT_STAGES[args.network]),
        optimizer=args.optimizer,
        loss=args.loss,
        schedule=args.schedule,
        plateau_factor=args.plateau_factor,
        plateau_patience=args.plateau_patience,
        learning_rate=args.learning_rate,
        trunk_rate=args.trunk_rate,
        weight_decay=args.weight_decay,
        warmup_steps=args.warmup_steps,
        frozen=tuple(name for name in args.freeze.split(",") if name),
        accumulate=args.accumulate,
        ema_decay=args.ema_decay,
        evaluate_every=args.evaluate_every,
        checkpoint_minutes=args.checkpoint_minutes,
        checkpoints_kept=args.checkpoints_kept,
        pictures_kept=args.pictures_kept,
        seed=args.seed,
        num_workers=args.workers,
        precision=args.precision,
    )


def _parse_stages(text: str) -> tuple[Stage, ...]:
    from kilomark.training.settings import Stage

    stages = []
    for part in text.split(","):
        try:
            size, num_samples, batch = (int(number) for number in part.split(":"))
        except ValueError as error:
            raise InvalidInputError(
                f"--stages holds {part!r}; expected SIZE:SAMPLES:BATCH, such as 128:60000:32"
            ) from error
        if size <= 0 or size % 32 or batch <= 0 or num_samples < batch:
            raise InvalidInputError(
                f"--stages holds {part!r}; expected a size that is a multiple of 32, and at "
                "least one batch of samples"
            )
        stages.append(Stage(size, num_samples, batch))
    return tuple(stages)
