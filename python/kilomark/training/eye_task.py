"""Training the eye network on any labeled faces."""

from __future__ import annotations

from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from kilomark.data.eye_frames import lid_gaps, read_eyes_of_faces
from kilomark.data.eye_samples import (
    DEFAULT_EYE_RECIPE,
    EyeRecipe,
    EyeSamples,
    evaluation_eyes,
)
from kilomark.errors import InvalidInputError
from kilomark.evaluation.eye_accuracy import FACING, OPEN, eye_figures
from kilomark.excerpts import excerpt
from kilomark.network_inputs import EYE_HEIGHT, EYE_WIDTH
from kilomark.networks.normalization import normalize
from kilomark.training.batches import example_images
from kilomark.training.eye_losses import eye_loss
from kilomark.training.pictures import landmark_sheet, spaced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kilomark.data.labeled_faces import LabeledFaces
    from kilomark.topology import Topology
    from kilomark.training.distillation import Teacher
    from kilomark.training.run import Start
    from kilomark.training.settings import Settings

__all__ = ["EyeTask", "check_eye_options"]

Array = np.ndarray[Any, Any]

_SIZE = (EYE_WIDTH, EYE_HEIGHT)
_EXAMPLES = 4000


class EyeTask:
    """The eyes of labeled faces, and those of a validation split.

    Args:
        faces: to train on.
        validation: other people.
        seed: of order and augmentation.
        recipe: what is done to the eyes.
        data: what a run notes of the data set.
    """

    def __init__(
        self,
        faces: LabeledFaces,
        validation: LabeledFaces,
        seed: int,
        *,
        recipe: EyeRecipe = DEFAULT_EYE_RECIPE,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        self.eyes = read_eyes_of_faces(faces)
        self.validation = read_eyes_of_faces(validation)
        self.seed = seed
        self.eye_recipe = recipe
        self.data = dict(data or {})
        self.topology: Topology | None = self.eyes.indices.topology
        self.teacher: Teacher | None = None
        self.samples_per_epoch = 0

    def samples(self, size: int) -> EyeSamples:  # noqa: ARG002  # all crops are 48 x 32
        """Augmented crops."""
        return EyeSamples(self.eyes, _SIZE, self.seed, self.eye_recipe)

    def weight(self, batch: list[Tensor]) -> Tensor:
        """Number of eyes in a batch."""
        return torch.tensor(float(len(batch[0])), device=batch[0].device)

    def loss(
        self, network: nn.Module, batch: list[Tensor], weight: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of a collated batch of ``EyeSample``."""
        images, landmarks = batch
        return eye_loss(network(normalize(images)), landmarks, self.eyes.indices.num_lid, weight)

    @torch.no_grad()
    def evaluate(self, network: nn.Module, size: int) -> dict[str, float]:  # noqa: ARG002
        """Accuracy on eyes of the validation split that face the camera."""
        (images, labeled), (shut, _) = self._measured
        num_lid = self.eyes.indices.num_lid
        found = _predict(network, images)
        is_open = self._opening >= OPEN
        figures = eye_figures(found, labeled, self._opening, num_lid)
        if is_open.any():
            drawn = lid_gaps(_predict(network, shut), num_lid)
            figures["drawn_shut_gap_percent"] = float(
                100 * np.mean(drawn) / lid_gaps(found[is_open], num_lid).mean()
            )
        return figures

    @cached_property
    def _rows(self) -> Array:
        rows = np.flatnonzero(self.validation.relative_width >= FACING)
        if not len(rows):
            raise InvalidInputError(
                "the validation split has no face with two eyes that face the camera; expected some"
            )
        return rows

    @property
    def _opening(self) -> Array:
        opening: Array = self.validation.opening[self._rows]
        return opening

    @cached_property
    def _measured(self) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        """Crops and labels as they are; and those of open eyes, closed."""
        open_rows = self._rows[self._opening >= OPEN]
        return (
            evaluation_eyes(self.validation, _SIZE, self._rows),
            evaluation_eyes(self.validation, _SIZE, open_rows, closed=True),
        )

    def validation_error(self, accuracy: Mapping[str, float]) -> float:
        """The error of all landmarks."""
        return accuracy["error_percent"]

    def picture(self, network: nn.Module, size: int) -> Array:  # noqa: ARG002
        """Landmarks on some validation eyes, over the labels."""
        rows = self._rows[spaced(len(self._rows))]
        images, labeled = evaluation_eyes(self.validation, _SIZE, rows)
        found = _predict(network, images)
        above = (EYE_WIDTH - EYE_HEIGHT) // 2  # to a square
        squares = np.pad(images, ((0, 0), (above, above), (0, 0), (0, 0)))
        shares = [(marks + np.array([0, above])) / EYE_WIDTH for marks in (found, labeled)]
        return landmark_sheet(squares, *shares)

    def example_images(self, size: int) -> Tensor:
        """(64, 3, 32, 48) normalized crops of training."""
        return example_images(self.samples(size))

    def example_shapes(self) -> Tensor:
        """Landmarks (M, K, 2) of some eyes in pixels of the crop, to start at their mean."""
        rows = np.linspace(0, len(self.eyes) - 1, min(_EXAMPLES, len(self.eyes))).astype(int)
        facing = rows[self.eyes.relative_width[rows] >= FACING]
        _, landmarks = evaluation_eyes(self.eyes, _SIZE, facing if len(facing) else rows)
        return torch.from_numpy(landmarks)

    def recipe(self) -> dict[str, Any]:
        """What is done to the eyes."""
        return {**self.data, "eyes": asdict(self.eye_recipe)}


def check_eye_options(settings: Settings, start: Start, unused: Mapping[str, object]) -> None:
    """Check what the eye network is trained with.

    Args:
        settings: of the run.
        start: what the network starts from.
        unused: options without a meaning here, by name.

    Raises:
        InvalidInputError: one of these is given, another head, size of crops or loss.
    """
    given = [name for name, value in unused.items() if value]
    if start.head != "compact":
        given.append(f"head={excerpt(start.head)}")
    if given:
        raise InvalidInputError(
            f"the eye network is trained on labeled faces alone; {', '.join(given)} has no "
            "meaning for it: leave it out"
        )
    sizes = {stage.size for stage in settings.stages}
    if sizes != {EYE_HEIGHT}:
        raise InvalidInputError(
            f"--stages has inputs of {', '.join(map(str, sorted(sizes)))} px; the network of the "
            f"eyes sees {EYE_WIDTH} x {EYE_HEIGHT} px: expected a size of {EYE_HEIGHT}"
        )
    if settings.loss != "smooth_l1":
        raise InvalidInputError(
            f"--loss {settings.loss} is for landmark networks of faces; the eye network "
            "has its own: leave it out"
        )


def _predict(network: nn.Module, images: Array, batch: int = 512) -> Array:
    """(N, 32, 48, 3) uint8 RGB crops -> (N, K, 2) landmarks in pixels of the crop."""
    network.eval()
    device = next(network.parameters()).device
    parts = [
        network(normalize(torch.from_numpy(images[begin : begin + batch]).to(device))).landmarks
        for begin in range(0, len(images), batch)
    ]
    found: Array = torch.cat(parts).cpu().numpy()
    return found
