"""`kilomark.training.train`: a network trained on face crops and scenes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.data.alterations import NO_ALTERATIONS, Alterations
from kilomark.data.eye_samples import EyeRecipe
from kilomark.data.face_crops import read_face_crops
from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.networks.registry import EYE_NETWORKS, FACE_DETECTORS, check_network_name
from kilomark.options import optional_path
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
    """Train a landmark network, the face detector or the eye network.

    This is what ``kilomark train`` does.

    Args:
        network: ``"resnext50"``, ``"lite"``, ``"faces"``, ``"faces-large"`` or ``"eyes"``.
        out: folder for checkpoints, logs, learning curves and ``run.json``.
        faces: folder of a data set of face crops.
        scenes: folder of a data set of scenes; the eye network needs none.
        cache: folder for decoded images.
        decoding: ``"once"`` keeps decoded crops in the cache, ``"always"`` decodes each time.
        hard_negatives: JSON file of boxes without a face, by photo, to be shown more often.
        reviewed: JSON file of faces in ``scenes`` that carry no label, by photo. The face detector
            is not trained to reject them.
        photos: folder of a data set of photos with any number of faces, for the face detector.
        depth: learn the landmarks' depth too, from labels of the vertices' depth.
        alterations: shares of the faces that are turned out of their plane, shown with closed eyes
            or dressed; needs depth labels, and learns depth too.
        eyes: what is done to the eyes, for the eye network.
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
    data = _Data(
        faces=Path(faces),
        scenes=optional_path(scenes),
        cache=optional_path(cache),
        decoding=decoding,
        hard_negatives=optional_path(hard_negatives),
        reviewed=optional_path(reviewed),
        photos=optional_path(photos),
        depth=depth,
        alterations=alterations,
        eyes=eyes,
    )
    data.check(network, chosen, start)
    return run_training(
        network, lambda: data.make_task(network, chosen), Path(out), chosen,
        start=start, teacher=teacher, machine=machine, resume=resume,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Data:
    """What a network is trained on; the fields are arguments of `train`."""

    faces: Path
    scenes: Path | None
    cache: Path | None
    decoding: Decoding
    hard_negatives: Path | None
    reviewed: Path | None
    photos: Path | None
    depth: bool
    alterations: Alterations
    eyes: EyeRecipe | None

    def check(self, network: str, settings: Settings, start: Start) -> None:
        """Refuse data that have no meaning for ``network``, and data that it lacks."""
        if network in EYE_NETWORKS:
            unused = {
                "scenes": self.scenes,
                "hard_negatives": self.hard_negatives,
                "reviewed": self.reviewed,
                "photos": self.photos,
                "depth": self.depth,
                "alterations (turned, dressed)": self.alterations,
            }
            check_eye_options(settings, start, unused)
            return
        if self.scenes is None:
            raise InvalidInputError(
                f"no scenes to train {excerpt(network)} on; expected a data set of scenes beside "
                "that of face crops"
            )
        if self.eyes is not None:
            raise InvalidInputError(
                f"a recipe of eyes is for the network 'eyes'; expected none for {excerpt(network)}"
            )
        if network in FACE_DETECTORS:
            self._check_for_face_detector()
        else:
            self._check_for_landmarks(network)

    def _check_for_face_detector(self) -> None:
        if self.depth or self.alterations:
            raise InvalidInputError(
                "depth and altered faces are for landmark networks; expected no such option for "
                "'faces'"
            )

    def _check_for_landmarks(self, network: str) -> None:
        for what, path in (
            ("reviewed faces", self.reviewed),
            ("photos of many faces", self.photos),
        ):
            if path is not None:
                raise InvalidInputError(
                    f"{what} are for the face detector; expected 'faces', not {excerpt(network)}"
                )

    def make_task(self, network: str, settings: Settings) -> Task:
        """Read the data."""
        if self.scenes is None:
            return EyeTask(
                read_face_crops(self.faces, "train", self.cache, decoding=self.decoding),
                read_face_crops(self.faces, "val", self.cache),
                settings.seed,
                recipe=self.eyes or EyeRecipe(),
            )
        if network in FACE_DETECTORS:
            return FinderTask(
                [self.faces],
                self.scenes,
                settings.seed,
                self.cache,
                photos_dir=self.photos,
                hard_negatives=self.hard_negatives,
                reviewed=self.reviewed,
            )
        return LandmarkTask(
            self.faces,
            self.scenes,
            settings.seed,
            self.cache,
            location=settings.loss,
            decoding=self.decoding,
            hard_negatives=self.hard_negatives,
            with_depth=self.depth,
            alterations=self.alterations,
        )
