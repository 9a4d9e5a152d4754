"""`kilomark.contest.train`: a landmark network trained on a data set in the contest's layout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.contest.data_set import read_contest
from kilomark.contest.samples import ContestFaces
from kilomark.contest.task import ContestTask
from kilomark.contest.topology import choose_topology
from kilomark.data.eye_samples import EyeRecipe
from kilomark.data.scenes import read_backgrounds
from kilomark.errors import InvalidInputError
from kilomark.networks.registry import EYE_NETWORKS, FACE_DETECTORS, check_network_name
from kilomark.options import optional_path
from kilomark.training.eye_task import EyeTask, check_eye_options
from kilomark.training.run import Machine, Start, TeacherChoice, run_training
from kilomark.training.settings import Settings, default_stages

if TYPE_CHECKING:
    from kilomark.contest.data_set import Contest, ContestSplit
    from kilomark.contest.samples import CropName
    from kilomark.topology import Topology
    from kilomark.training.task import Task

__all__ = ["train"]


def train(
    network: str,
    out: str | Path,
    folder: str | Path,
    *,
    crop: CropName = "baseline",
    split: ContestSplit = "file-order",
    topology: str | Path | None = None,
    scenes: str | Path | None = None,
    eyes: EyeRecipe | None = None,
    cache: str | Path | None = None,
    settings: Settings | None = None,
    start: Start = Start(),  # noqa: B008  # frozen
    teacher: TeacherChoice | None = None,
    machine: Machine = Machine(),  # noqa: B008  # frozen
    resume: bool = False,
) -> dict[str, float]:
    """Train a landmark network or the eye network, as ``kilomark train --contest``.

    Args:
        network: ``"resnext50"``, ``"lite"`` or ``"eyes"``.
        out: folder for checkpoints, logs, learning curves and ``run.json``.
        folder: holds ``train/images`` and ``train/landmarks.csv``.
        crop: ``"baseline"`` trains on the photo's middle square, as the baseline does; ``"face"``
            on augmented crops around the face, as the runtime makes them.
        split: ``"file-order"`` trains on the first 80 % of the rows, ``"person"`` on 80 % of the
            people.
        topology: JSON file of the landmarks' groups and mirror; known for 971 landmarks, otherwise
            no photo is mirrored.
        scenes: data set of scenes whose backgrounds are negatives, for ``crop="face"``.
        eyes: what is done to the eyes, for the eye network; ``crop`` has no meaning for it.
        cache: folder for decoded images.
        settings: how it is trained; by default the network's own stages and `Settings`.
        start: what the network starts from.
        teacher: a landmark network to learn from beside the labels.
        machine: where it is trained.
        resume: go on from the newest checkpoint in ``out``, if there is one.

    Returns:
        The accuracy of the averaged network on the validation split.

    Raises:
        InvalidInputError: the network, the data, the weights or a setting cannot be used.
        TrainingInterruptedError: SIGTERM or SIGINT, after a checkpoint was written.
        KilomarkError: the disk is full or not writable; earlier checkpoints are whole.
    """
    if check_network_name(network) in FACE_DETECTORS:
        raise InvalidInputError(
            "the face detector cannot be trained on a contest's photos, which do not label what "
            "is around a face; expected a data set of face crops and one of scenes"
        )
    chosen = settings or Settings(stages=default_stages(network))
    is_eye = network in EYE_NETWORKS
    if is_eye:
        check_eye_options(chosen, start, {"scenes": scenes})
    cache_dir, scenes_dir, topology_file = (
        optional_path(cache),
        optional_path(scenes),
        optional_path(topology),
    )

    def make_task() -> Task:
        contest = read_contest(Path(folder), cache_dir)
        known = choose_topology(contest.num_landmarks, topology_file)
        if is_eye:
            return _eye_task(contest, known, split, chosen.seed, eyes or EyeRecipe())
        return ContestTask(
            contest,
            known,
            crop=crop,
            split=split,
            seed=chosen.seed,
            location=chosen.loss,
            backgrounds=None if scenes_dir is None else read_backgrounds(scenes_dir, cache_dir)[:2],
            num_workers=chosen.num_workers,
        )

    return run_training(
        network, make_task, Path(out), chosen,
        start=start, teacher=teacher, machine=machine, resume=resume,
    )  # fmt: skip


def _eye_task(
    contest: Contest, topology: Topology, split: ContestSplit, seed: int, recipe: EyeRecipe
) -> EyeTask:
    rows = contest.split(split)
    return EyeTask(
        ContestFaces(contest, rows.train, topology),
        ContestFaces(contest, rows.val, topology),
        seed,
        recipe=recipe,
        data={"data": "contest", "split": split},
    )
