"""`kilomark.training.train`: a network trained on face crops and scenes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.data.alterations import NO_ALTERATIONS, Alterations
from kilomark.data.eye_samples import EyeRecipe
from kilomark.data.face_crops import read_face_crops
from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.networks.registry import EYE_NETWORKS, FACE_DETECTORS, check_network_name
from kilomark.training.eye_task import EyeTask, check_eye_options
from kilomark.training.finder_task import FinderTask
from kilomark.training.landmark_task import LandmarkTask
from kilomark.training.run import Machine, Start, TeacherChoice, run_training
from kilomark.training.settings import Settings, default_stages

if TYPE_CHECKING:
    from kilomark.data.face_crops import Decoding
    from kilomark.training.task import Task

__all__ = ["train"]


def train(
    network: str,
    out: str | Path,
    *,
    faces: str | Path,
    scenes: str | Path | None = None,
    cache: str | Path | None = None,
    decoding: Decoding = "once",
    hard_negatives: str | Path | None = None,
    reviewed: str | Path | None = None,
    photos: str | Path | None = None,
    depth: bool = False,
    alterations: Alterations = NO_ALTERATIONS,
    eyes: EyeRecipe | None = None,
    settings: Settings | None = None,
    start: Start = Start(),  # noqa: B008  # frozen
    teacher: TeacherChoice | None = None,
    machine: Machine = Machine(),  # noqa: B008  # frozen
    resume: bool = False,
) -> dict[str, float]:
    """Train a landmark network, the face detector or the network of the eyes.

    This is what ``kilomark train`` does.

    Args:
        network: ``"resnext50"``, ``"lite"``, ``"faces"``, ``"faces-large"`` or ``"eyes"``.
        out: folder for checkpoints, logs, learning curves and ``run.json``.
        faces: folder of a data set of face crops.
        scenes: folder of a data set of scenes; the network of the eyes needs none.
        cache: folder for decoded images.
        decoding: ``"once"`` keeps decoded crops in the cache, ``"always"`` decodes each time.
        hard_negatives: JSON file of boxes without a face, by photo, to be shown more often.
        reviewed: JSON file of faces in ``scenes`` that carry no label, by photo. The face detector
            is not trained to reject them.
        photos: folder of a data set of photos with any number of faces, for the face detector.
        depth: learn the landmarks' depth too, from labels of the vertices' depth.
        alterations: shares of the faces that are turned out of their plane, shown with closed eyes
            or dressed; needs depth labels, and learns depth too.
        eyes: what is done to the eyes, for the network of the eyes.
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
    chosen = settings or Settings(stages=default_stages(check_network_name(network)))
    if network in EYE_NETWORKS:
        unused = {
            "scenes": scenes, "hard_negatives": hard_negatives, "reviewed": reviewed,
            "photos": photos, "depth": depth, "alterations (turned, dressed)": alterations,
        }  # fmt: skip
        check_eye_options(chosen, start, unused)
    elif scenes is None:
        raise InvalidInputError(
            f"no scenes to train {excerpt(network)} on; expected a data set of scenes beside that "
            "of face crops"
        )
    elif eyes is not None:
        raise InvalidInputError(
            f"a recipe of eyes is for the network 'eyes'; expected none for {excerpt(network)}"
        )
    finds_faces = network in FACE_DETECTORS
    if reviewed is not None and not finds_faces:
        raise InvalidInputError(
            f"reviewed faces are for the face detector; expected 'faces', not {excerpt(network)}"
        )

    if photos is not None and not finds_faces:
        raise InvalidInputError(
            "photos of many faces are for the face detector; expected 'faces', not "
            f"{excerpt(network)}"
        )
    if finds_faces and (depth or alterations):
        raise InvalidInputError(
            "depth and altered faces are for landmark networks; expected no such option for 'faces'"
        )

    def make_task() -> Task:
        if scenes is None:
            train = read_face_crops(Path(faces), "train", _path(cache), decoding=decoding)
            val = read_face_crops(Path(faces), "val", _path(cache))
            return EyeTask(train, val, chosen.seed, recipe=eyes or EyeRecipe())
        data = (Path(scenes), chosen.seed, _path(cache))
        negatives = _path(hard_negatives)
        if finds_faces:
            return FinderTask(
                [Path(faces)], *data, photos_dir=_path(photos), hard_negatives=negatives,
                reviewed=_path(reviewed),
            )  # fmt: skip
        return LandmarkTask(
            Path(faces),
            *data,
            location=chosen.loss,
            decoding=decoding,
            hard_negatives=negatives,
            with_depth=depth,
            alterations=alterations,
        )

    return run_training(
        network, make_task, Path(out), chosen,
        start=start, teacher=teacher, machine=machine, resume=resume,
    )  # fmt: skip


def _path(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)
