"""``kilomark train``: train a landmark network or the face finder."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.cli.train_extra import check_train_extra
from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    import argparse

    from kilomark.training.loop import Trainer
    from kilomark.training.settings import Settings, Stage

# Input size : samples : batch, in turn. Small inputs first teach the same for less time.
DEFAULT_STAGES = {
    "resnext50": "64:60000:32,96:60000:32,128:60000:32",
    "lite": "128:400000:64",
    "faces": "256:150000:32",
}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "train", help="train a network", description="Train a landmark network or the face finder."
    )
    parser.add_argument("network", choices=sorted(DEFAULT_STAGES), help="what to train")
    parser.add_argument("--faces", type=Path, required=True, help="data set of face crops")
    parser.add_argument("--scenes", type=Path, required=True, help="data set of scenes")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints and logs")
    parser.add_argument("--resume", action="store_true", help="go on from the newest checkpoint")
    parser.add_argument("--stages", help="SIZE:SAMPLES:BATCH[,...], default by network")
    parser.add_argument(
        "--init",
        default="random",
        help="trunk weights: random, imagenet, or a .safetensors file (default: random)",
    )
    parser.add_argument("--optimizer", choices=("adamw", "radam"), default="adamw")
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--trunk-rate", type=float, default=1.0, help="factor for the trunk's rate")
    parser.add_argument("--ema-decay", type=float, default=0.998)
    parser.add_argument(
        "--precision", choices=("fp32", "bf16"), default="fp32", help="of the trunk's arithmetic"
    )
    parser.add_argument("--evaluate-every", type=int, default=10_000, metavar="SAMPLES")
    parser.add_argument("--checkpoint-minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=0, help="processes that make samples")
    parser.add_argument("--threads", type=int, help="threads that compute (default: all cores)")
    parser.add_argument("--cache", type=Path, help="folder for decoded images")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Train to the end; 0 when done, 3 when stopped by a signal with everything saved."""
    check_train_extra("train")
    import torch

    from kilomark.training.loop import TrainingInterruptedError

    logging.getLogger("kilomark").setLevel(logging.INFO)
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    trainer = _make_trainer(args)
    if args.resume and not trainer.resume():
        logging.getLogger(__name__).info("no checkpoint in %s: starting anew", args.out)
    elif not args.resume and any(args.out.glob("checkpoint-*.pt")):
        raise InvalidInputError(
            f"{args.out} holds checkpoints; expected an empty folder: give --resume to go on "
            "from them, or another --out"
        )
    trainer.record_recipe({"network": args.network, "init": Path(args.init).name})
    try:
        trainer.train()
    except TrainingInterruptedError as stopped:
        logging.getLogger(__name__).warning("%s", stopped)
        return 3
    return 0


def _make_trainer(args: argparse.Namespace) -> Trainer:
    from kilomark.networks.face_finder import FaceFinder
    from kilomark.networks.registry import LANDMARK_NETWORKS, start_trunk
    from kilomark.training.finder_task import FinderTask
    from kilomark.training.landmark_task import LandmarkTask, example_shapes
    from kilomark.training.loop import Trainer

    settings = _settings(args)
    if args.network == "faces":
        finder_task = FinderTask(args.faces, args.scenes, args.seed, args.cache)
        return Trainer(FaceFinder(), finder_task, settings, args.out)
    task = LandmarkTask(args.faces, args.scenes, args.seed, args.cache)
    network = LANDMARK_NETWORKS[args.network](task.faces.topology.num_landmarks)
    start_trunk(network, args.init)
    network.head.start_at_shapes(example_shapes(task.faces))
    return Trainer(network, task, settings, args.out)


def _settings(args: argparse.Namespace) -> Settings:
    from kilomark.training.settings import Settings

    return Settings(
        stages=_parse_stages(args.stages or DEFAULT_STAGES[args.network]),
        optimizer=args.optimizer,
        learning_rate=args.learning_rate,
        trunk_rate=args.trunk_rate,
        ema_decay=args.ema_decay,
        evaluate_every=args.evaluate_every,
        checkpoint_minutes=args.checkpoint_minutes,
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
