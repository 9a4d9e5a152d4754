"""Training the face detector on images that are composed on the training device."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.ops import nms

from kilomark.data.composed_samples import ComposedSamples, split_samples
from kilomark.data.composition import Compositions
from kilomark.data.compositor import compose
from kilomark.data.finder_data import read_finder_data
from kilomark.data.finder_photometry import FinderPhotometry
from kilomark.data.finder_sources import IGNORED
from kilomark.data.geometry import warp
from kilomark.data.scenes import read_backgrounds, read_scenes
from kilomark.evaluation.metrics import finder_accuracy
from kilomark.network_inputs import MEAN_COLOR
from kilomark.networks.face_finder import FinderOutput, cell_centers
from kilomark.networks.normalization import normalize
from kilomark.training.finder_losses import assign_cells, finder_loss
from kilomark.training.pictures import box_sheet, spaced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kilomark.data.composed_samples import FaceBatch
    from kilomark.data.image_bank import ImageBank
    from kilomark.topology import Topology
    from kilomark.training.distillation import Teacher

__all__ = ["FinderTask", "find_boxes"]

Array = np.ndarray[Any, Any]


class FinderTask:
    """Photos, crops and backgrounds, composed; validated on photos of other people.

    Args:
        faces_dirs: data sets of face crops.
        scenes_dir: data set of scenes.
        seed: of all random numbers.
        cache_dir: where decoded images are kept.
        photos_dir: data set of photos with any number of faces.
        hard_negatives: JSON of boxes without a face, by photo; see `read_hard_negatives`.
        reviewed: boxes of faces that nobody labeled.
        num_dressed: faces that are drawn again with a mask, glasses or a cap.
        num_drawn: drawn and posterized faces, and as many other drawn hard negatives.
    """

    samples_per_epoch = 0  # every image draws from all of the data
    topology: Topology | None = None
    teacher: Teacher | None = None

    def __init__(
        self,
        faces_dirs: Sequence[Path],
        scenes_dir: Path,
        seed: int,
        cache_dir: Path | None = None,
        *,
        photos_dir: Path | None = None,
        hard_negatives: Path | None = None,
        reviewed: Path | None = None,
        num_dressed: int = 4000,
        num_drawn: int = 1000,
    ) -> None:
        self.validation = read_scenes(scenes_dir, "val", cache_dir)
        self.backgrounds, _, self.held_out_rows = read_backgrounds(scenes_dir, cache_dir)
        self.bank, self.sources = read_finder_data(
            faces_dirs,
            scenes_dir,
            cache_dir,
            photos_dir=photos_dir,
            hard_negatives=hard_negatives,
            reviewed=reviewed,
            num_dressed=num_dressed,
            num_drawn=num_drawn,
        )
        self.seed = seed
        self._photometry: FinderPhotometry | None = None

    def samples(self, size: int) -> ComposedSamples:
        """What images of ``size`` px show; `loss` renders them."""
        bank = self.bank
        return ComposedSamples(
            Compositions(self.sources, bank.offsets, bank.sizes, size, size, 1, self.seed)
        )

    def render(self, batch: list[Tensor]) -> tuple[Tensor, FaceBatch]:
        """Normalized images (N, 3, H, W) and faces of a collated batch, on its device."""
        placements, faces = split_samples(batch)
        device = placements.maps.device
        bank = self._bank_on(device)
        if self._photometry is None:
            self._photometry = FinderPhotometry(self.seed, device)
        width, height = int(placements.columns[0, -1]), int(placements.rows[0, -1])
        with torch.no_grad():
            images = self._photometry.augment(compose(bank, placements, height, width))
            return normalize(images.permute(0, 2, 3, 1)), faces

    def weight(self, batch: list[Tensor]) -> Tensor:
        """Weights of the cells that belong to a face."""
        placements, faces = split_samples(batch)
        width, height = int(placements.columns[0, -1]), int(placements.rows[0, -1])
        return assign_cells(faces, *_grid(height, width, faces.boxes.device)).weight.sum()

    def loss(
        self, network: nn.Module, batch: list[Tensor], weight: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of a collated batch of `ComposedSamples`."""
        images, faces = self.render(batch)
        grid = _grid(images.shape[2], images.shape[3], images.device)
        output = FinderOutput(*(part.float() for part in network(images)))
        return finder_loss(output, faces, assign_cells(faces, *grid), *grid, total=weight)

    def example_images(self, size: int, count: int = 64) -> Tensor:
        """(count, 3, size, size) normalized images to measure activations on."""
        samples = self.samples(size)
        drawn = [samples[index] for index in range(count)]
        batch = [torch.from_numpy(np.stack(parts)) for parts in zip(*drawn, strict=True)]
        return self.render(batch)[0]

    def _bank_on(self, device: torch.device) -> ImageBank:
        if self.bank.pixels.device != device:
            self.bank = type(self.bank)(
                self.bank.pixels.to(device), self.bank.offsets, self.bank.sizes
            )
        return self.bank

    def evaluate(self, network: nn.Module, size: int) -> dict[str, float]:
        """Recall and precision on the validation photos and the held-out backgrounds."""
        photos = [self.validation.image(scene) for scene in range(len(self.validation))]
        empty = [self.backgrounds[int(row)] for row in self.held_out_rows]
        return asdict(
            finder_accuracy(
                [find_boxes(network, photo, size) for photo in photos],
                self.validation.boxes,
                [find_boxes(network, photo, size) for photo in empty],
            )
        )

    def validation_error(self, accuracy: Mapping[str, float]) -> float:
        """Missing percent of recall and of precision, together."""
        return 200 - accuracy["recall_percent"] - accuracy["precision_percent"]

    def example_shapes(self) -> Tensor | None:
        """None: a face detector has no landmarks."""
        return None

    def recipe(self) -> dict[str, Any]:
        """Number of hard negatives, of reviewed faces, and of the images of each kind."""
        return {
            "hard_negatives": len(self.sources.states_of("hard")),
            "reviewed": int((self.sources.states_of("frame") == IGNORED).sum()),
            "images": {kind: len(rows) for kind, rows in self.sources.pools.items()},
        }

    def picture(self, network: nn.Module, size: int) -> Array:
        """Boxes on some validation photos, and the labeled ones."""
        chosen = spaced(len(self.validation))
        photos = [self.validation.image(scene) for scene in chosen]
        found = [find_boxes(network, photo, size) for photo in photos]
        return box_sheet(photos, found, self.validation.boxes[chosen])


def _grid(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    centers, strides = cell_centers(height, width)
    return centers.to(device), strides.to(device)


@torch.no_grad()
def find_boxes(network: nn.Module, image: Array, size: int, threshold: float = 0.5) -> Array:
    """Boxes (F, 4) found in one (H, W, 3) uint8 RGB image, best first, in its pixels."""
    network.eval()
    scale = size / max(image.shape[:2])
    affine = np.array([[scale, 0, 0], [0, scale, 0]])
    letterboxed = warp(image, affine, (size, size), color=MEAN_COLOR)
    device = next(network.parameters()).device
    output = network(normalize(torch.from_numpy(letterboxed[None]).to(device)))
    scores = output.score_logits[0].sigmoid().cpu()
    centers, strides = cell_centers(size, size)
    reach = output.distances[0].cpu() * strides[:, None]
    boxes = torch.cat([centers - reach[:, :2], centers + reach[:, 2:]], 1)
    likely = scores > threshold
    kept = nms(boxes[likely], scores[likely], 0.4)
    found: Array = (boxes[likely][kept] / scale).numpy()
    return found
