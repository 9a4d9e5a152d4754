"""What ``kilomark train`` trains and on what: the task and the network of a command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kilomark.cli.train_contest import make_contest_task
from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    import argparse

    from torch import Tensor, nn

    from kilomark.contest.task import ContestTask
    from kilomark.training.landmark_task import LandmarkTask
    from kilomark.training.settings import Settings
    from kilomark.training.task import Task


def make_task_and_network(
    args: argparse.Namespace, settings: Settings, *, start: bool
) -> tuple[Task, nn.Module]:
    """Read the data and make the network, started from ``--init`` unless it is to be resumed."""
    from kilomark.networks.face_finder import FaceFinder
    from kilomark.networks.freezing import freeze
    from kilomark.networks.registry import LANDMARK_NETWORKS
    from kilomark.training.batches import example_images
    from kilomark.training.finder_task import FinderTask
    from kilomark.training.initial_weights import start_network

    task: Task
    network: nn.Module

    def examples() -> Tensor:
        return example_images(task.samples(settings.stages[-1].size))

    if args.network == "faces":
        data = (args.faces, args.scenes, args.seed, args.cache)
        task = FinderTask(
            *data,
            decoding=args.decoding,
            false_faces=args.false_faces,
            reviewed=args.reviewed,
        )
        network = FaceFinder()
        if start:
            start_network(network, args.init, args.init_part, examples=examples)
    else:
        task = _landmark_task(args, settings)
        network = LANDMARK_NETWORKS[args.network](task.faces.topology.num_landmarks, args.head)
        if start and not start_network(network, args.init, args.init_part, examples=examples):
            network.head.start_at_shapes(task.example_shapes())
    freeze(network, settings.frozen)
    return task, network


def set_teacher(args: argparse.Namespace, task: Task) -> dict[str, Any]:
    """Give the task its teacher, if there is to be one; what the recipe says of it."""
    from kilomark.contest.task import ContestTask
    from kilomark.training.distillation import Teacher
    from kilomark.training.landmark_task import LandmarkTask

    if args.teacher is None:
        return {"teacher": None}
    if not isinstance(task, LandmarkTask | ContestTask):
        raise InvalidInputError(
            "--teacher teaches landmarks; expected a landmark network, not the face finder"
        )
    task.teacher = Teacher(
        args.teacher,
        task.faces.topology,
        weight=args.teacher_weight,
        num_threads=args.threads,
    )
    return {"teacher": task.teacher.identity, "teacher_weight": task.teacher.weight}


def _landmark_task(args: argparse.Namespace, settings: Settings) -> LandmarkTask | ContestTask:
    from kilomark.training.landmark_task import LandmarkTask

    if args.contest is not None:
        return make_contest_task(args, settings)
    data = (args.faces, args.scenes, args.seed, args.cache)
    return LandmarkTask(
        *data,
        location=settings.loss,
        decoding=args.decoding,
        false_faces=args.false_faces,
    )


def recipe_of(args: argparse.Namespace, task: Task) -> dict[str, Any]:
    """Return what a run says of its head and its data."""
    from kilomark.contest.task import ContestTask
    from kilomark.training.finder_task import FinderTask
    from kilomark.training.landmark_task import LandmarkTask

    recipe: dict[str, Any] = {} if isinstance(task, FinderTask) else {"head": args.head}
    if isinstance(task, ContestTask):
        recipe |= task.recipe()
    if isinstance(task, FinderTask | LandmarkTask):
        recipe["false_faces"] = len(task.false_faces) if task.false_faces else 0
    if isinstance(task, FinderTask):
        recipe["reviewed"] = sum(len(boxes) for boxes in task.others or [])
    return recipe
