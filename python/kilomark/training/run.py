"""One training run from start to end: the network made, started or resumed, trained, drawn."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from kilomark.errors import InvalidInputError, KilomarkError
from kilomark.evaluation.learning_curves import write_learning_curves
from kilomark.networks.freezing import freeze
from kilomark.networks.registry import EYE_NETWORKS, FACE_DETECTORS, LANDMARK_NETWORKS
from kilomark.topology_file import write_topology
from kilomark.training.checkpoints import newest_checkpoint
from kilomark.training.distillation import Teacher
from kilomark.training.distributed import joined
from kilomark.training.initial_weights import start_network
from kilomark.training.loop import Trainer

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    from kilomark.networks.landmark_network import HeadName
    from kilomark.training.distributed import Ranks
    from kilomark.training.initial_weights import Part
    from kilomark.training.settings import Settings
    from kilomark.training.task import Task

__all__ = ["Machine", "Start", "TeacherChoice", "is_begun", "run_training"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Start:
    """What a network is made of and started from.

    Attributes:
        init: ``"random"``; ``"imagenet"`` for torchvision's trunk, downloaded once; the path of a
            ``.safetensors`` file or of a checkpoint; a shipped bundle's name or a bundle's folder.
        part: ``"trunk"`` takes no head from weights that hold one.
        head: of landmark networks; ``"baseline"`` is the notebook's, of 262 million parameters.
    """

    init: str = "random"
    part: Part = "all"
    head: HeadName = "compact"


@dataclass(frozen=True, slots=True)
class TeacherChoice:
    """A trained landmark network whose landmarks are learned beside the labels.

    Attributes:
        bundle: a shipped bundle's name or a bundle's folder.
        weight: of its landmarks in the loss, 0 to 1; the labels have the rest.
        views: `Detector`'s ``views``: 2 to teach the mean of a crop and its mirror image.
    """

    bundle: str | Path
    weight: float = 0.5
    views: int = 1


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a run computes; its result does not depend on this.

    Attributes:
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:N"``. Under torchrun each process
            takes the GPU of its own number.
        num_threads: threads that compute; all cores by default.
        tensorboard: write for TensorBoard too.
    """

    device: str = "auto"
    num_threads: int | None = None
    tensorboard: bool = False


def run_training(
    name: str,
    make_task: Callable[[], Task],
    out: Path,
    settings: Settings,
    *,
    start: Start,
    teacher: TeacherChoice | None,
    machine: Machine,
    resume: bool,
) -> dict[str, float]:
    """Train a network to the end of its last stage.

    Args:
        name: of the network, as the registry lists it.
        make_task: reads the data.
        out: folder for checkpoints and logs.
        settings: how it is trained.
        start: what the network starts from.
        teacher: a network to learn from, if any.
        machine: where it is trained.
        resume: go on from the newest checkpoint, if there is one.

    Returns:
        The accuracy of the averaged network on the validation split.

    Raises:
        InvalidInputError: the data, the weights or a setting cannot be used.
        TrainingInterruptedError: SIGTERM or SIGINT, after a checkpoint was written.
        KilomarkError: the disk is full or not writable; earlier checkpoints are whole.
    """
    if machine.num_threads:
        torch.set_num_threads(machine.num_threads)
    try:
        with joined(machine.device) as ranks:
            if not ranks.is_writer:  # process 0 speaks for all
                logging.getLogger("kilomark").setLevel(logging.ERROR)
            trainer = _make_trainer(
                name, make_task, out, settings, ranks,
                start=start, teacher=teacher, machine=machine, resume=resume,
            )  # fmt: skip
            accuracy = trainer.train()
            if ranks.is_writer:
                write_learning_curves(out)
    except OSError as error:
        raise KilomarkError(
            f"training stopped: {error}; expected a place to write: the checkpoints in {out} are "
            "whole, make room and resume"
        ) from error
    return accuracy


def is_begun(run_dir: Path, ranks: Ranks) -> bool:
    """Whether the run has a checkpoint, which process 0 must have if any has.

    Raises:
        InvalidInputError: process 0 is on another machine than it was before.
    """
    newest = newest_checkpoint(run_dir)
    names = ranks.gather("" if newest is None else newest.name)
    if max(names) > names[0]:
        raise InvalidInputError(
            f"process {names.index(max(names))} sees {max(names)} in {run_dir} and process 0, "
            f"which resumes, sees {names[0] or 'no checkpoint'}; expected the newest there: keep "
            "--output on a shared file system, or start process 0 on the machine that holds it"
        )
    return bool(names[0])


def _make_trainer(
    name: str,
    make_task: Callable[[], Task],
    out: Path,
    settings: Settings,
    ranks: Ranks,
    *,
    start: Start,
    teacher: TeacherChoice | None,
    machine: Machine,
    resume: bool,
) -> Trainer:
    if out.exists() and not out.is_dir():
        raise InvalidInputError(f"--output {out} is a file; expected a folder, new or of a run")
    has_begun = is_begun(out, ranks)
    if has_begun and not resume:
        raise InvalidInputError(
            f"{out} holds checkpoints; expected an empty folder: give --resume to continue from "
            "them, or another --output"
        )
    torch.manual_seed(settings.seed)
    with ranks.one_machine_first():
        task = make_task()
        network = _make_network(name, task, settings, start, is_new=not has_begun)
    if teacher is not None:
        task.teacher = _make_teacher(name, teacher, task, machine)
    if ranks.is_writer and task.topology is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_topology(out / "topology.json", task.topology)
    recipe = _recipe(name, task, start)
    trainer = Trainer(
        network, task, settings, out, recipe=recipe, ranks=ranks, tensorboard=machine.tensorboard
    )
    if resume and not trainer.resume():
        log.info("no checkpoint in %s: starting from the beginning", out)
    return trainer


def _make_network(
    name: str, task: Task, settings: Settings, start: Start, *, is_new: bool
) -> nn.Module:
    """Make a network, with the weights to start from unless a checkpoint brings them."""

    def examples() -> Tensor:
        return task.example_images(settings.stages[-1].size)

    network: nn.Module
    if task.topology is None:
        network = FACE_DETECTORS[name]()
    elif name in EYE_NETWORKS:
        network = EYE_NETWORKS[name](task.topology.num_landmarks)
    else:
        network = LANDMARK_NETWORKS[name](task.topology.num_landmarks, start.head)
    if is_new:
        is_started = start_network(network, start.init, start.part, examples=examples)
        shapes = None if is_started else task.example_shapes()
        if shapes is not None:
            placing = network if name in EYE_NETWORKS else network.head
            placing.start_at_shapes(shapes)  # type: ignore[operator, union-attr]
    freeze(network, settings.frozen)
    return network


def _make_teacher(name: str, choice: TeacherChoice, task: Task, machine: Machine) -> Teacher:
    if name not in LANDMARK_NETWORKS or task.topology is None:
        what = "the eye network" if name in EYE_NETWORKS else "a face detector"
        raise InvalidInputError(
            f"--teacher teaches the landmarks of faces; expected a landmark network, not {what}"
        )
    return Teacher(
        choice.bundle,
        task.topology,
        weight=choice.weight,
        views=choice.views,
        num_threads=machine.num_threads,
    )


def _recipe(name: str, task: Task, start: Start) -> dict[str, Any]:
    recipe: dict[str, Any] = {
        "network": name,
        "init": Path(start.init).name,
        "init_part": start.part,
    }
    if name in LANDMARK_NETWORKS:
        recipe["head"] = start.head
    recipe |= task.recipe()
    if task.teacher is None:
        return {**recipe, "teacher": None}
    teacher = task.teacher
    return {
        **recipe,
        "teacher": teacher.identity,
        "teacher_weight": teacher.weight,
        "teacher_views": teacher.views,
    }
