"""``kilomark train --contest``: the options and the task for a data set in the contest's layout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    import argparse

    from kilomark.contest.task import ContestTask
    from kilomark.training.settings import Settings


def add_contest_options(group: argparse._ArgumentGroup) -> None:
    """Add what a contest's data set needs to be said of it."""
    group.add_argument(
        "--contest",
        type=Path,
        metavar="DIR",
        help="train on the data set in this folder, which holds train/images and "
        "train/landmarks.csv, instead of --faces",
    )
    group.add_argument(
        "--crop",
        choices=("baseline", "face"),
        default="baseline",
        help="baseline: the photo's middle square as it is, as the seed saw it; face: augmented "
        "crops around the face, as the runtime makes them (default: baseline)",
    )
    group.add_argument(
        "--split",
        choices=("file-order", "person"),
        default="file-order",
        help="the first 80 %% of the rows train, or 80 %% of the people (default: file-order)",
    )
    group.add_argument(
        "--topology",
        type=Path,
        metavar="FILE.json",
        help="groups and mirror of the landmarks; known for 971, otherwise none is mirrored",
    )


def check_data_options(args: argparse.Namespace) -> None:
    """Check that there is one data set to train on.

    Raises:
        InvalidInputError: there is none, or more than one, or it is of no use to the network.
    """
    if args.false_faces is not None and args.contest is not None:
        raise InvalidInputError(
            "--false-faces names photos of --scenes; expected --faces and --scenes, not --contest"
        )
    if args.reviewed is not None and args.network != "faces":
        raise InvalidInputError(
            f"--reviewed is for the face finder; expected 'faces', not {args.network!r}"
        )
    if args.contest is None:
        if args.faces is None or args.scenes is None:
            raise InvalidInputError(
                "no data set to train on; expected --faces and --scenes, or --contest"
            )
        return
    if args.faces is not None:
        raise InvalidInputError("--contest and --faces are two data sets; expected one of them")
    if args.network == "faces":
        raise InvalidInputError(
            "the face finder cannot be trained on a contest's photos, which say nothing of what is "
            "around a face; expected --faces and --scenes"
        )


def make_contest_task(args: argparse.Namespace, settings: Settings) -> ContestTask:
    """Read the data set; with ``--scenes``, its backgrounds too."""
    from kilomark.contest.data_set import read_contest
    from kilomark.contest.task import ContestTask
    from kilomark.contest.topology import choose_topology
    from kilomark.data.scenes import read_backgrounds

    contest = read_contest(args.contest, args.cache)
    backgrounds = None
    if args.scenes is not None:
        images, rows, _ = read_backgrounds(args.scenes, args.cache)
        backgrounds = images, rows
    return ContestTask(
        contest,
        choose_topology(contest.num_landmarks, args.topology),
        crop=args.crop,
        split=args.split,
        seed=args.seed,
        location=settings.loss,
        backgrounds=backgrounds,
        num_workers=settings.num_workers,
    )
