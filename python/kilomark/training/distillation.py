"""A trained network as a teacher: its landmarks are learned as well as the labels."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from kilomark.detector import Detector
from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.manifest import read_landmark_bundle
from kilomark.options import check_fraction

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark.manifest import LandmarkBundle
    from kilomark.topology import Topology

__all__ = ["Lesson", "Teacher"]

SEEN_PRESENCE = 0.5  # below it the teacher sees no face, and its landmarks are not worth learning


class Lesson(NamedTuple):
    """What a teacher says of a batch of crops.

    Attributes:
        landmarks: (N, K, 2) fractions of the crop's side.
        weight: (N,) how much they count beside the labels: 0 not at all, 1 alone.
    """

    landmarks: Tensor
    weight: Tensor


class Teacher:
    """A landmark bundle, run on the student's own augmented crops by the C++ core.

    A patient teacher sees exactly what its student sees (Beyer et al., "Knowledge distillation: A
    good teacher is patient and consistent", CVPR 2022), so nothing is computed in advance.

    Args:
        bundle: name or folder of the bundle.
        topology: of the labels; the teacher must place the same landmarks.
        weight: how much its landmarks count beside the labels, 0 to 1.
        views: as in `Detector`.
        device: of the core, as in `Detector`.
        num_threads: of the core, as in `Detector`.

    Raises:
        BundleError: the bundle is missing or damaged.
        InvalidInputError: it places other landmarks.
    """

    def __init__(
        self,
        bundle: str | Path,
        topology: Topology,
        *,
        weight: float = 0.5,
        views: int = 1,
        device: str = "auto",
        num_threads: int | None = None,
    ) -> None:
        read = read_landmark_bundle(bundle)
        _check_same_landmarks(read, topology)
        self.weight = check_fraction("--teacher-weight", weight)
        self.identity = f"{read.name} {hashlib.sha256(read.model).hexdigest()[:12]}"
        self._crop_scale = read.crop_scale
        self._detector = Detector(
            bundle,
            finder=None,
            device=device,
            num_threads=num_threads,
            views=views,
            blend=False,
            eyes=False,
        )
        self.views = self._detector.views

    def teach(self, images: Tensor, presence: Tensor) -> Lesson:
        """Place the landmarks of the crops that hold a face.

        Args:
            images: (N, H, W, 3) uint8 RGB crops, H = W.
            presence: (N,) 1 where there is a face.
        """
        side = images.shape[1]
        # The box whose crop is the whole image, which the core then only resamples.
        margin = side * (1 - 1 / self._crop_scale) / 2
        box = np.array([margin, margin, side - margin, side - margin], np.float32)
        rows = torch.nonzero(presence > 0)[:, 0]
        bgr = list(np.ascontiguousarray(images[rows].cpu().numpy()[..., ::-1]))
        found = self._detector.predict(bgr, boxes=[box] * len(bgr)) if bgr else []

        landmarks = torch.zeros(len(images), self._detector.topology.num_landmarks, 2)
        weight = torch.zeros(len(images))
        for row, (face,) in zip(rows.tolist(), found, strict=True):
            landmarks[row] = torch.from_numpy(face.landmarks / side)
            weight[row] = self.weight if face.presence >= SEEN_PRESENCE else 0.0
        return Lesson(landmarks.to(presence.device), weight.to(presence.device))


def _check_same_landmarks(teacher: LandmarkBundle, topology: Topology) -> None:
    own, wanted = teacher.topology, topology.num_landmarks
    if own.num_landmarks != wanted:
        problem = f"places {own.num_landmarks} landmarks, and the data set has {wanted}"
    elif (
        own.mirror is not None
        and topology.mirror is not None
        and not np.array_equal(own.mirror, topology.mirror)
    ):
        problem = "pairs left and right landmarks otherwise than the data set"
    else:
        return
    raise InvalidInputError(
        f"the teacher {excerpt(str(teacher.folder))} {problem}; expected a bundle trained on the "
        "same landmarks"
    )
