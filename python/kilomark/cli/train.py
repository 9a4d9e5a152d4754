"""``kilomark train``: train a landmark network or the face finder."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.cli.train_contest import add_contest_options, check_data_options
from kilomark.cli.train_extra import check_train_extra
from kilomark.cli.train_task import make_task_and_network, recipe_of, set_teacher
from kilomark.errors import InvalidInputError, KilomarkError
from kilomark.options import check_whole

if TYPE_CHECKING:
    import argparse

    from kilomark.training.distributed import Ranks
    from kilomark.training.loop import Trainer
    from kilomark.training.settings import Settings, Stage

EXIT_STOPPED = 3

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
    parser.add_argument("--faces", type=Path, help="data set of face crops")
    parser.add_argument("--scenes", type=Path, help="data set of scenes")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints and logs")
    parser.add_argument("--resume", action="store_true", help="go on from the newest checkpoint")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, help="folder for decoded images")
    add_contest_options(parser.add_argument_group("a data set in the contest's layout"))
    _add_start_options(parser.add_argument_group("what it starts from"))
    _add_recipe_options(parser.add_argument_group("how it learns"))
    _add_machine_options(parser.add_argument_group("where it runs, which --resume may change"))
    parser.set_defaults(run=run)


def _add_start_options(group: argparse._ArgumentGroup) -> None:
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
        "or a checkpoint-*.pt of another run, to go on from its averaged weights "
        "(default: random)",
    )
    group.add_argument(
        "--init-part",
        choices=("all", "trunk"),
        default="all",
        help="trunk: take no head from a file that holds one (default: all)",
    )
    group.add_argument(
        "--freeze",
        metavar="PART[,...]",
        default="",
        help="parts that are not trained: trunk, stem, trunk.layer1, head.reduce ...",
    )


def _add_recipe_options(group: argparse._ArgumentGroup) -> None:
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
        help="a shipped bundle or a bundle's folder, whose landmarks are learnt beside the labels",
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


def _add_machine_options(group: argparse._ArgumentGroup) -> None:
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


def run(args: argparse.Namespace) -> int:
    """Train to the end; 0 when done, 3 when stopped by a signal with everything saved."""
    check_train_extra("train")
    import torch

    from kilomark.training.curves import write_learning_curves
    from kilomark.training.distributed import joined
    from kilomark.training.loop import TrainingInterruptedError

    logger = logging.getLogger("kilomark")
    logger.setLevel(logging.INFO)
    if args.threads:
        torch.set_num_threads(args.threads)
    check_data_options(args)
    settings = _settings(args)
    try:
        with joined(args.device) as ranks:
            if not ranks.is_writer:
                logger.setLevel(logging.ERROR)
            _make_trainer(args, settings, ranks).train()
            if ranks.is_writer:
                write_learning_curves(args.out)
    except TrainingInterruptedError as stopped:
        logger.warning("%s", stopped)
        return EXIT_STOPPED
    except OSError as error:
        raise KilomarkError(
            f"training stopped: {error}; expected a place to write: the checkpoints in {args.out} "
            "are whole, make room and go on with --resume"
        ) from error
    return 0


def _make_trainer(args: argparse.Namespace, settings: Settings, ranks: Ranks) -> Trainer:
    """Make the trainer, started or resumed."""
    import torch

    from kilomark.data.contest_topology import write_topology
    from kilomark.training.checkpoints import newest_checkpoint
    from kilomark.training.contest_task import ContestTask
    from kilomark.training.loop import Trainer

    is_begun = ranks.from_writer(newest_checkpoint(args.out) is not None)
    if is_begun and not args.resume:
        raise InvalidInputError(
            f"{args.out} holds checkpoints; expected an empty folder: give --resume to go on "
            "from them, or another --out"
        )
    torch.manual_seed(args.seed)
    with ranks.one_machine_first():
        task, network = make_task_and_network(args, settings, start=not is_begun)
    recipe = {
        "network": args.network,
        "init": Path(args.init).name,
        "init_part": args.init_part,
        **recipe_of(args, task),
        **set_teacher(args, task),
    }
    if isinstance(task, ContestTask) and ranks.is_writer:
        args.out.mkdir(parents=True, exist_ok=True)
        write_topology(args.out / "topology.json", task.faces.topology)
    trainer = Trainer(
        network,
        task,
        settings,
        args.out,
        recipe=recipe,
        ranks=ranks,
        tensorboard=args.tensorboard,
    )
    if args.resume and not trainer.resume():
        logging.getLogger(__name__).info("no checkpoint in %s: starting anew", args.out)
    return trainer


def _settings(args: argparse.Namespace) -> Settings:
    from kilomark.training.settings import Settings

    check_whole("--evaluate-every", args.evaluate_every)
    check_whole("--checkpoints-kept", args.checkpoints_kept)
    check_whole("--accumulate", args.accumulate)
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
