"""Training a landmark network on a data set in the contest's layout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from kilomark.contest.accuracy import contest_accuracy
from kilomark.contest.crop import BASELINE_SIZE
from kilomark.contest.samples import (
    BaselineSamples,
    ContestFaces,
    CropName,
    PlainCrop,
    PlainCrops,
)
from kilomark.data.landmark_samples import LandmarkSamples
from kilomark.networks.normalization import normalize
from kilomark.training.batches import example_images, start_worker
from kilomark.training.landmark_task import (
    example_shapes,
    loss_of_samples,
    predict_landmarks,
)
from kilomark.training.pictures import landmark_sheet, spaced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kilomark.contest.data_set import Contest, ContestSplit
    from kilomark.data.packed_images import PackedImages
    from kilomark.topology import Topology
    from kilomark.training.distillation import Teacher
    from kilomark.training.settings import LocationLoss

__all__ = ["ContestTask"]

Array = np.ndarray[Any, Any]

_EVALUATED_AT_ONCE = 32
_EXAMPLES = 1000
_LARGEST_CROP_SCALE = 16.0  # that the core takes; landmarks of an eye alone may ask for more


class ContestTask:
    """A contest's photos: trained on and validated by its own split, or by person.

    Args:
        contest: the data set.
        topology: what its landmarks mean.
        crop: ``baseline`` trains on the photo's middle square, as the baseline does; ``face`` on
            augmented crops around the face, as the runtime makes them. Validation uses the same
            crop without augmentation.
        split: of the rows.
        seed: of order and augmentation.
        location: loss of the landmarks.
        backgrounds: photos without faces, and which of them to use, as negatives and to fill what
            lies outside a photo. Without any, negatives are badly placed crops alone.
        num_workers: processes that decode validation photos.
    """

    def __init__(
        self,
        contest: Contest,
        topology: Topology,
        *,
        crop: CropName = "baseline",
        split: ContestSplit = "file-order",
        seed: int = 0,
        location: LocationLoss = "smooth_l1",
        backgrounds: tuple[PackedImages, Array] | None = None,
        num_workers: int = 0,
    ) -> None:
        rows = contest.split(split)
        self.faces = ContestFaces(contest, rows.train, topology)
        self.validation = ContestFaces(contest, rows.val, topology)
        self.crop = crop
        self.split = split
        self.seed = seed
        self.location = location
        self.backgrounds = backgrounds
        self.num_workers = num_workers
        self.topology: Topology | None = topology
        self.teacher: Teacher | None = None
        self.samples_per_epoch = len(self.faces)

    def samples(self, size: int) -> BaselineSamples | LandmarkSamples:
        """Crops of ``size`` px."""
        if self.crop == "baseline":
            return BaselineSamples(self.faces, size, self.seed)
        images, rows = self.backgrounds or (None, None)
        return LandmarkSamples(self.faces, images, rows, size=size, seed=self.seed)

    def weight(self, batch: list[Tensor]) -> Tensor:
        """Number of faces in a batch."""
        return batch[2].sum()

    def loss(
        self, network: nn.Module, batch: list[Tensor], weight: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of a collated batch of ``LandmarkSample``."""
        return loss_of_samples(network, batch, weight, self.location, self.teacher)

    @torch.no_grad()
    def evaluate(self, network: nn.Module, size: int) -> dict[str, float]:
        """Accuracy on the validation rows."""
        network.eval()
        device = next(network.parameters()).device
        loader: DataLoader[PlainCrop] = DataLoader(
            PlainCrops(self.validation, self.crop, size),  # type: ignore[arg-type]
            batch_size=_EVALUATED_AT_ONCE,
            num_workers=self.num_workers,
            generator=torch.Generator(),  # else it draws a number that training would have drawn
            worker_init_fn=start_worker,
        )
        pairs = (
            (network(normalize(images.to(device))).landmarks.cpu().numpy(), target.numpy())
            for images, target in loader
        )
        return contest_accuracy(pairs, self.validation.topology)

    def validation_error(self, accuracy: Mapping[str, float]) -> float:
        """The MSE."""
        return accuracy["mse_px2"]

    def picture(self, network: nn.Module, size: int) -> Array:
        """Landmarks on some validation photos, over the labels."""
        crops = PlainCrops(self.validation, self.crop, size)
        images, labeled = zip(*(crops[face] for face in spaced(len(crops))), strict=True)
        found = predict_landmarks(network, np.stack(images))
        return landmark_sheet(np.stack(images), found, np.stack(labeled))

    def example_images(self, size: int) -> Tensor:
        """(64, 3, size, size) normalized crops of training."""
        return example_images(self.samples(size))

    def example_shapes(self) -> Tensor:
        """Landmarks (M, K, 2) of training crops, to start a head from."""
        if self.crop == "face":
            return example_shapes(self.faces)
        crops = PlainCrops(self.faces, self.crop, BASELINE_SIZE)
        shapes = [crops[face].landmarks for face in self.faces.spaced(_EXAMPLES)]
        return torch.from_numpy(np.stack(shapes))

    def recipe(self) -> dict[str, Any]:
        """What a run says of its data: how they were split and cropped.

        A bundle has one number for the crop around a face's box. The photo's middle square knows
        of no box: its ``crop_scale`` is how much larger it is than the box in the middle of all
        faces, which is what the network saw most.
        """
        recipe: dict[str, Any] = {"data": "contest", "split": self.split, "crop": self.crop}
        if self.crop == "baseline":
            longer_side = np.ptp(self.example_shapes().numpy(), axis=1).max(1)
            scale = float(1 / np.median(longer_side))
            recipe["crop_scale"] = round(min(scale, _LARGEST_CROP_SCALE), 3)
        return recipe
