"""``kilomark train``: train a landmark network or the face finder."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.cli.train_contest import add_contest_options, check_data_options
from kilomark.cli.train_extra import check_train_extra
from kilomark.cli.train_options import (
    DEFAULT_STAGES,
    add_machine_options,
    add_recipe_options,
    add_start_options,
    make_settings,
)
from kilomark.cli.train_task import make_task_and_network, recipe_of, set_teacher
from kilomark.errors import InvalidInputError, KilomarkError

if TYPE_CHECKING:
    import argparse

    from kilomark.training.distributed import Ranks
    from kilomark.training.loop import Trainer
    from kilomark.training.settings import Settings

EXIT_STOPPED = 3


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "train", help="train a network", description="Train a landmark network or the face finder."
    )
    parser.add_argument("network", choices=sorted(DEFAULT_STAGES), help="what to train")
    parser.add_argument("--faces", type=Path, help="data set of face crops")
    parser.add_argument("--scenes", type=Path, help="data set of scenes")
    parser.add_argument(
        "--false-faces",
        type=Path,
        metavar="FILE.json",
        help="JSON of boxes without a face, by photo, to be shown more often",
    )
    parser.add_argument(
        "--reviewed",
        type=Path,
        metavar="FILE.json",
        help="for the face finder: boxes of faces in the photos of --scenes that carry no label, "
        "by photo; it is not taught that they are none",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints and logs")
    parser.add_argument("--resume", action="store_true", help="go on from the newest checkpoint")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, help="folder for decoded images")
    add_contest_options(parser.add_argument_group("a data set in the contest's layout"))
    add_start_options(parser.add_argument_group("what it starts from"))
    add_recipe_options(parser.add_argument_group("how it learns"))
    add_machine_options(parser.add_argument_group("where it runs, which --resume may change"))
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Train to the end; 0 when done, 3 when stopped by a signal with everything saved."""
    check_train_extra("train")
    import torch

    from kilomark.evaluation.learning_curves import write_learning_curves
    from kilomark.training.distributed import joined
    from kilomark.training.loop import TrainingInterruptedError

    logger = logging.getLogger("kilomark")
    logger.setLevel(logging.INFO)
    if args.threads:
        torch.set_num_threads(args.threads)
    check_data_options(args)
    settings = make_settings(args)
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


def _is_begun(run_dir: Path, ranks: Ranks) -> bool:
    """Whether the run has a checkpoint, which process 0 must have if any has.

    Raises:
        InvalidInputError: process 0 is on another machine than it was before.
    """
    from kilomark.training.checkpoints import newest_checkpoint

    newest = newest_checkpoint(run_dir)
    names = ranks.gather("" if newest is None else newest.name)
    if max(names) > names[0]:
        raise InvalidInputError(
            f"process {names.index(max(names))} sees {max(names)} in {run_dir} and process 0, "
            f"which resumes, sees {names[0] or 'no checkpoint'}; expected the newest there: keep "
            "--out on a shared file system, or start process 0 on the machine that holds it"
        )
    return bool(names[0])


def _make_trainer(args: argparse.Namespace, settings: Settings, ranks: Ranks) -> Trainer:
    """Make the trainer, started or resumed."""
    import torch

    from kilomark.contest.task import ContestTask
    from kilomark.topology_file import write_topology
    from kilomark.training.loop import Trainer

    is_begun = _is_begun(args.out, ranks)
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
