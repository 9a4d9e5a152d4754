"""Training and validation samples from a contest's photos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from kilomark.contest.crop import crop_as_baseline
from kilomark.data.geometry import apply_map, box_of_image, crop_map, warp
from kilomark.data.landmark_samples import LandmarkSample, crop_square, shuffled_order

if TYPE_CHECKING:
    from kilomark.contest.data_set import Contest
    from kilomark.topology import Topology

__all__ = ["BaselineSamples", "ContestFaces", "CropName", "PlainCrop", "PlainCrops"]

Array = np.ndarray[Any, Any]

CropName = Literal["baseline", "face"]
"""What a network sees: the photo's middle square, or a square around the face as at run time."""


class PlainCrop(NamedTuple):
    """A crop without augmentation.

    Attributes:
        image: (size, size, 3) uint8 RGB.
        landmarks: (K, 2) float32, fractions of the crop's side.
    """

    image: Array
    landmarks: Array


@dataclass(frozen=True, slots=True, eq=False)
class ContestFaces:
    """Some rows of a contest's data set, in the form that `LandmarkSamples` draws from.

    Attributes:
        contest: all of the data set.
        rows: (N,) those that are meant.
        topology: what the landmark indices mean.
    """

    contest: Contest
    rows: Array
    topology: Topology

    def __len__(self) -> int:
        return len(self.rows)

    def image(self, face: int) -> Array:
        """Photo of ``face`` as (H, W, 3) uint8 RGB."""
        return self.contest.image(int(self.rows[face]))

    def landmarks_of(self, face: int) -> Array:
        """Landmarks (K, 2) float32 of ``face`` in pixels of its photo."""
        return np.array(self.contest.table.landmarks[self.rows[face]])

    def valid_part(self, face: int, image: Array) -> Array:  # noqa: ARG002
        """All of the photo: x0, y0, x1, y1."""
        return box_of_image(image)

    def plain_crop(self, face: int, crop: CropName, size: int) -> PlainCrop:
        """Cut ``face`` out as it is measured, without augmentation."""
        image, landmarks = self.image(face), self.landmarks_of(face)
        if crop == "baseline":
            cut, placed = crop_as_baseline(image, size)
            inside = placed.to_crop(landmarks)
        else:
            affine = crop_map(*crop_square(landmarks), size)
            cut, inside = warp(image, affine, (size, size)), apply_map(affine, landmarks)
        return PlainCrop(cut, (inside / size).astype(np.float32))

    def spaced(self, count: int) -> range:
        """At most ``count`` faces, evenly spaced over all of them."""
        return range(0, len(self), max(1, -(-len(self) // count)))


@dataclass(frozen=True, slots=True, eq=False)
class BaselineSamples:
    """The baseline's samples: the photo's middle square, as it is. Sample i depends on i alone.

    Every ``len(faces)`` samples show each photo once, in a new order.
    """

    faces: ContestFaces
    size: int
    seed: int

    def __getitem__(self, index: int) -> LandmarkSample:
        epoch, position = divmod(index, len(self.faces))
        face = int(shuffled_order(self.seed, epoch, len(self.faces))[position])
        image, landmarks = self.faces.plain_crop(face, "baseline", self.size)
        return LandmarkSample(image, landmarks, np.float32(1))


@dataclass(frozen=True, slots=True, eq=False)
class PlainCrops:
    """All faces as they are measured, in order, for a loader with workers."""

    faces: ContestFaces
    crop: CropName
    size: int

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, face: int) -> PlainCrop:
        return self.faces.plain_crop(face, self.crop, self.size)
