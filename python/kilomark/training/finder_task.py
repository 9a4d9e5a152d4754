"""Training the face finder on mosaics."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.ops import nms

from kilomark.data.face_crops import read_face_crops
from kilomark.data.geometry import warp
from kilomark.data.hard_negatives import read_hard_negatives
from kilomark.data.mosaic_sources import FaceSources
from kilomark.data.mosaics import Mosaics
from kilomark.data.scenes import boxes_of_scenes, read_backgrounds, read_boxes_by_photo, read_scenes
from kilomark.evaluation.metrics import finder_accuracy
from kilomark.network_inputs import MEAN_COLOR
from kilomark.networks.face_finder import FinderOutput, cell_centres
from kilomark.networks.normalization import normalize
from kilomark.training.finder_losses import count_positive, finder_loss
from kilomark.training.pictures import box_sheet, spaced

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kilomark.data.face_crops import Decoding
    from kilomark.topology import Topology
    from kilomark.training.distillation import Teacher

Array = np.ndarray[Any, Any]

# right pupil, left pupil, nose tip, right and left mouth corner among the 971 landmarks
KEYPOINT_LANDMARKS = (552, 585, 626, 731, 795)


class FinderTask:
    """Mosaics of faces, scenes and backgrounds; validated on photos of other people."""

    samples_per_epoch = 0  # every mosaic draws from all of the data
    topology: Topology | None = None
    teacher: Teacher | None = None

    def __init__(
        self,
        faces_dir: Path,
        scenes_dir: Path,
        seed: int,
        cache_dir: Path | None = None,
        *,
        decoding: Decoding = "once",
        hard_negatives: Path | None = None,
        reviewed: Path | None = None,
    ) -> None:
        self.faces = read_face_crops(faces_dir, "train", cache_dir, decoding=decoding)
        self.scenes = read_scenes(scenes_dir, "train", cache_dir)
        self.validation = read_scenes(scenes_dir, "val", cache_dir)
        self.backgrounds, self.background_rows, self.held_out_rows = read_backgrounds(
            scenes_dir, cache_dir
        )
        self.hard_negatives = None
        if hard_negatives is not None:
            self.hard_negatives = read_hard_negatives(
                hard_negatives, self.scenes.images, self.backgrounds
            )
        self.others = None
        if reviewed is not None:
            self.others = boxes_of_scenes(read_boxes_by_photo(reviewed), self.scenes)
        self.seed = seed

    def samples(self, size: int) -> Mosaics:
        """Mosaics of ``size`` px."""
        sources = FaceSources(
            self.faces,
            self.scenes,
            self.backgrounds,
            self.background_rows,
            keypoint_landmarks=KEYPOINT_LANDMARKS,
            masked=np.flatnonzero(self.faces.source == "mask"),
            hard_negatives=self.hard_negatives,
            others=self.others,
        )
        return Mosaics(sources, size, self.seed)

    def weight(self, batch: list[Tensor]) -> Tensor:
        """Number of cells that belong to a face."""
        images, boxes, _, state = batch
        return count_positive(boxes, state, images.shape[1])

    def loss(
        self, network: nn.Module, batch: list[Tensor], weight: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of a collated batch of ``Mosaic``."""
        images, boxes, keypoints, state = batch
        output = FinderOutput(*(part.float() for part in network(normalize(images))))
        return finder_loss(output, boxes, keypoints, state, images.shape[1], num_positive=weight)

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
        """Number of hard negatives and of reviewed faces."""
        return {
            "hard_negatives": len(self.hard_negatives) if self.hard_negatives else 0,
            "reviewed": sum(len(boxes) for boxes in self.others or []),
        }

    def picture(self, network: nn.Module, size: int) -> Array:
        """Boxes on some validation photos, and the labelled ones."""
        chosen = spaced(len(self.validation))
        photos = [self.validation.image(scene) for scene in chosen]
        found = [find_boxes(network, photo, size) for photo in photos]
        return box_sheet(photos, found, self.validation.boxes[chosen])


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
    centres, strides = cell_centres(size, size)
    reach = output.distances[0].cpu() * strides[:, None]
    boxes = torch.cat([centres - reach[:, :2], centres + reach[:, 2:]], 1)
    likely = scores > threshold
    kept = nms(boxes[likely], scores[likely], 0.4)
    found: Array = (boxes[likely][kept] / scale).numpy()
    return found
