"""`kilomark.contest.train`: a landmark network trained on a data set in the contest's layout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.contest.data_set import read_contest
from kilomark.contest.task import ContestTask
from kilomark.contest.topology import choose_topology
from kilomark.data.scenes import read_backgrounds
from kilomark.errors import InvalidInputError
from kilomark.networks.registry import FACE_DETECTORS, check_network_name
from kilomark.training.run import Machine, Start, TeacherChoice, run_training
from kilomark.training.settings import Settings, default_stages

if TYPE_CHECKING:
    from kilomark.contest.data_set import ContestSplit
    from kilomark.contest.samples import CropName

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
    cache: str | Path | None = None,
    settings: Settings | None = None,
    start: Start = Start(),  # noqa: B008  # frozen
    teacher: TeacherChoice | None = None,
    machine: Machine = Machine(),  # noqa: B008  # frozen
    resume: bool = False,
) -> dict[str, float]:
    """Train a landmark network, as ``kilomark train --contest`` does.

    Args:
        network: ``"resnext50"`` or ``"lite"``.
        out: folder for checkpoints, logs, learning curves and ``run.json``.
        folder: holds ``train/images`` and ``train/landmarks.csv``.
        crop: ``"baseline"`` trains on the photo's middle square, as the baseline does; ``"face"``
            on augmented crops around the face, as the runtime makes them.
        split: ``"file-order"`` trains on the first 80 % of the rows, ``"person"`` on 80 % of the
            people.
        topology: JSON file of the landmarks' groups and mirror; known for 971 landmarks, otherwise
            no photo is mirrored.
        scenes: data set of scenes whose backgrounds are negatives, for ``crop="face"``.
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
    cache_dir = None if cache is None else Path(cache)

    def make_task() -> ContestTask:
        contest = read_contest(Path(folder), cache_dir)
        backgrounds = None
        if scenes is not None:
            images, rows, _ = read_backgrounds(Path(scenes), cache_dir)
            backgrounds = images, rows
        file = None if topology is None else Path(topology)
        return ContestTask(
            contest,
            choose_topology(contest.num_landmarks, file),
            crop=crop,
            split=split,
            seed=chosen.seed,
            location=chosen.loss,
            backgrounds=backgrounds,
            num_workers=chosen.num_workers,
        )

    return run_training(
        network, make_task, Path(out), chosen,
        start=start, teacher=teacher, machine=machine, resume=resume,
    )  # fmt: skip
