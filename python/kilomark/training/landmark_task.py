"""Training a landmark network on face crops."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from kilomark.data.alterations import NO_ALTERATIONS, Alterations
from kilomark.data.face_crops import read_face_crops
from kilomark.data.face_meshes import FaceMeshes, read_face_meshes
from kilomark.data.hard_negatives import read_hard_negatives
from kilomark.data.landmark_samples import LandmarkSamples, crop_square, evaluation_crops
from kilomark.data.scenes import read_backgrounds, read_scenes
from kilomark.evaluation.metrics import landmark_accuracy
from kilomark.networks.normalization import normalize
from kilomark.training.batches import example_images
from kilomark.training.landmark_losses import landmark_loss
from kilomark.training.pictures import landmark_sheet, spaced

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kilomark.data.face_crops import Decoding
    from kilomark.data.labeled_faces import LabeledFaces
    from kilomark.topology import Topology
    from kilomark.training.distillation import Teacher
    from kilomark.training.settings import LocationLoss

__all__ = ["LandmarkTask", "example_shapes", "lid_pairs", "loss_of_samples", "predict_landmarks"]


_NEGATIVE_SHARE = 0.14  # more than without photos that hold no face and without hard negatives


class LandmarkTask:
    """Face crops to train on, backgrounds as negatives, a validation split of other people.

    Attributes:
        teacher: a network to learn from beside the labels, or None.
    """

    def __init__(
        self,
        faces_dir: Path,
        scenes_dir: Path,
        seed: int,
        cache_dir: Path | None = None,
        *,
        location: LocationLoss = "smooth_l1",
        decoding: Decoding = "once",
        hard_negatives: Path | None = None,
        with_depth: bool = False,
        alterations: Alterations = NO_ALTERATIONS,
    ) -> None:
        self.faces = read_face_crops(faces_dir, "train", cache_dir, decoding=decoding)
        self.validation = read_face_crops(faces_dir, "val", cache_dir)
        self.backgrounds, self.background_rows, _ = read_backgrounds(scenes_dir, cache_dir)
        self.hard_negatives = None
        if hard_negatives is not None:
            scenes = read_scenes(scenes_dir, "train", cache_dir)
            self.hard_negatives = read_hard_negatives(
                hard_negatives, scenes.images, self.backgrounds
            )
        self.meshes: FaceMeshes | None = None
        if with_depth or alterations:
            self.meshes = read_face_meshes(faces_dir, "train")
        self.alterations = alterations
        self.seed = seed
        self.location = location
        self.topology: Topology | None = self.faces.topology
        self.teacher: Teacher | None = None
        self.samples_per_epoch = len(self.faces)

    def samples(self, size: int) -> LandmarkSamples:
        """Augmented crops of ``size`` px."""
        return LandmarkSamples(
            self.faces,
            self.backgrounds,
            self.background_rows,
            size=size,
            seed=self.seed,
            negative_share=_NEGATIVE_SHARE,
            hard_negatives=self.hard_negatives,
            masked=self.faces.source == "mask",
            meshes=self.meshes,
            alterations=self.alterations,
            weights=self.faces.weight,
        )

    def weight(self, batch: list[Tensor]) -> Tensor:
        """Number of faces in a batch."""
        return batch[2].sum()

    def loss(
        self, network: nn.Module, batch: list[Tensor], weight: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of a collated batch of ``LandmarkSample`` or ``MeshSample``."""
        return loss_of_samples(
            network, batch, weight, self.location, self.teacher, lid_pairs(self.faces.topology)
        )

    def evaluate(self, network: nn.Module, size: int) -> dict[str, float]:
        """Accuracy on the validation split."""
        images, target = evaluation_crops(self.validation, size)
        return asdict(landmark_accuracy(predict_landmarks(network, images), target))

    def example_images(self, size: int) -> Tensor:
        """(64, 3, size, size) normalized crops of training."""
        return example_images(self.samples(size))

    def example_shapes(self) -> Tensor:
        """Landmarks (M, K, 2) of training crops, to start a head from."""
        return example_shapes(self.faces)

    def recipe(self) -> dict[str, Any]:
        """Number of hard negatives, whether depth is learned, and what is altered."""
        recipe: dict[str, Any] = {
            "hard_negatives": len(self.hard_negatives) if self.hard_negatives else 0
        }
        if self.meshes is not None:
            recipe |= {"depth": True, "alterations": asdict(self.alterations)}
        return recipe

    def validation_error(self, accuracy: Mapping[str, float]) -> float:
        """The NME."""
        return accuracy["nme_percent"]

    def picture(self, network: nn.Module, size: int) -> np.ndarray[Any, Any]:
        """Landmarks on some validation faces, over the labels."""
        crops, labeled = evaluation_crops(self.validation, size, spaced(len(self.validation)))
        return landmark_sheet(crops, predict_landmarks(network, crops), labeled)


def loss_of_samples(
    network: nn.Module,
    batch: list[Tensor],
    num_faces: Tensor,
    location: LocationLoss,
    teacher: Teacher | None,
    lids: Tensor | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Loss of a collated batch of ``LandmarkSample`` or ``MeshSample``, by labels and a teacher."""
    images, landmarks, presence, *mesh = batch
    depth, weight = mesh or (None, None)
    lesson = None if teacher is None else teacher.teach(images, presence)
    return landmark_loss(
        network(normalize(images)),
        landmarks,
        presence,
        location=location,
        num_faces=num_faces,
        lesson=lesson,
        depth=depth,
        weight=weight,
        lid_pairs=None if lids is None or depth is None else lids.to(images.device),
    )


@lru_cache(maxsize=4)
def lid_pairs(topology: Topology) -> Tensor | None:
    """Landmarks (P, 2) of lower and upper lids that face each other; None if there are no lids.

    The contour of an eye runs from the outer corner along the lower lid to the inner one and back.
    """
    if not {"right_eye", "left_eye"} <= set(topology.groups):
        return None
    pairs = []
    for name in ("right_eye", "left_eye"):
        start, count = topology.groups[name].start, topology.groups[name].count
        along = torch.arange(1, count // 2)
        pairs.append(torch.stack([start + along, start + count - along], 1))
    return torch.cat(pairs)


@torch.no_grad()
def predict_landmarks(
    network: nn.Module, images: np.ndarray[Any, Any], batch: int = 32
) -> np.ndarray[Any, Any]:
    """(N, H, W, 3) uint8 RGB crops -> (N, K, 2) landmarks in fractions of the crop's side."""
    network.eval()
    device = next(network.parameters()).device
    parts = [
        network(normalize(torch.from_numpy(images[begin : begin + batch]).to(device))).landmarks
        for begin in range(0, len(images), batch)
    ]
    return torch.cat(parts).cpu().numpy()


def example_shapes(faces: LabeledFaces, count: int = 4000) -> Tensor:
    """Landmarks (M, K, 2) of crops placed and turned as in training, to start a head from."""
    rng = np.random.default_rng(0)
    shapes = []
    for face in rng.choice(len(faces), min(count, len(faces)), replace=False):
        landmarks = faces.landmarks_of(int(face))
        center, side = crop_square(landmarks)
        angle = np.deg2rad(rng.normal(0, 14))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        shape = (landmarks - center) / side * np.exp(rng.normal(0, 0.1)) @ turn.T
        shapes.append(shape + 0.5 + rng.normal(0, 0.045, 2))
    return torch.from_numpy(np.stack(shapes).astype(np.float32))
