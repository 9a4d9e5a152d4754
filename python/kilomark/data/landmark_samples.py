"""Training samples for landmark networks: augmented face crops, and crops that hold no face."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from kilomark.data.alterations import NO_ALTERATIONS, Alterations, alter_face
from kilomark.data.geometry import (
    ONE_PIXEL_LESS,
    apply_map,
    box_of,
    box_of_image,
    corners_of,
    crop_map,
    warp,
)
from kilomark.data.photometry import cover_rectangle, degrade, dim, fill_outside, see_from_afar
from kilomark.data.synthetic_negatives import make_synthetic_negative
from kilomark.network_inputs import CROP_SCALE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kilomark.data.face_crops import FaceCrops
    from kilomark.data.face_meshes import FaceMeshes
    from kilomark.data.hard_negatives import HardNegatives
    from kilomark.data.labeled_faces import LabeledFaces
    from kilomark.data.packed_images import PackedImages

__all__ = [
    "LandmarkSample",
    "LandmarkSamples",
    "MeshSample",
    "Placement",
    "crop_square",
    "evaluation_crops",
    "shuffled_order",
]

_FAR_SHARE = 0.09  # of the faces; half of the negatives: far letters and badges look like faces
_FAR_MASKED_SHARE = 0.3  # of the masked faces: from afar a mask leaves little that says face
_DIM_SHARE = 0.03  # of the faces, beside the far ones
_HIDDEN_WEIGHT = 1 / 3  # of a landmark on the far side, whose place in space the label keeps
_TURNED_SHARE = 0.35  # of badly placed crops: in place, but turned in the plane
_TURNED_DEG = (72.0, 180.0)  # a face detector gives angles within 25 degrees
_DIM_NEGATIVE_SHARE = 0.1  # of the negatives; otherwise darkness would speak for a face


class LandmarkSample(NamedTuple):
    """One training sample.

    Attributes:
        image: (size, size, 3) uint8 RGB.
        landmarks: (K, 2) float32, fractions of the crop's side; meaningless without a face.
        presence: 1.0 where the crop holds a well-placed face, else 0.0.
    """

    image: np.ndarray[Any, Any]
    landmarks: np.ndarray[Any, Any]
    presence: np.float32


class MeshSample(NamedTuple):
    """One training sample of a face whose mesh is known.

    Attributes:
        image, landmarks, presence: as in `LandmarkSample`.
        depth: (K,) float32, fractions of the crop's side, mean 0; NaN where it is not known.
        weight: (K,) float32, weight of each landmark: a third where it is hidden.
    """

    image: np.ndarray[Any, Any]
    landmarks: np.ndarray[Any, Any]
    presence: np.float32
    depth: np.ndarray[Any, Any]
    weight: np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Placement:
    """How far a crop may be off the face: standard deviations.

    The defaults cover what the face detector and a user's boxes get wrong.
    """

    log_scale: float = 0.10
    angle_deg: float = 14.0
    shift: float = 0.045  # fraction of the crop's side
    log_aspect: float = 0.03


@dataclass(frozen=True, slots=True, eq=False)
class LandmarkSamples:
    """An endless, reproducible stream of samples: sample i depends on ``seed`` and i alone.

    Every ``len(faces)`` samples show each face once, in a new order. Samples without a face are
    badly placed crops of one, pieces of ``backgrounds``, drawn negatives, and ``hard_negatives``:
    what a face detector took for faces. The faces that ``masked`` (N,) marks are seen from afar
    more often. With ``meshes``, samples are `MeshSample`, and ``alterations`` alters some photos.
    ``weights`` (N,) multiplies the weights of a face's landmarks, and makes `MeshSample` too.
    """

    faces: LabeledFaces
    backgrounds: PackedImages | None
    background_rows: np.ndarray[Any, Any] | None
    size: int
    seed: int
    placement: Placement = Placement()
    negative_share: float = 0.1
    hard_negatives: HardNegatives | None = None
    masked: np.ndarray[Any, Any] | None = None
    meshes: FaceMeshes | None = None
    alterations: Alterations = NO_ALTERATIONS
    weights: np.ndarray[Any, Any] | None = None

    def __getitem__(self, index: int) -> LandmarkSample | MeshSample:
        epoch, position = divmod(index, len(self.faces))
        face = int(shuffled_order(self.seed, epoch, len(self.faces))[position])
        rng = np.random.default_rng([self.seed, 2, index])
        if rng.random() < self.negative_share:
            return self._negative(face, rng)
        photo = self.faces.image(face)
        if self.meshes is not None:
            return self._with_mesh(face, photo, self.meshes, rng)
        sample = self._positive(face, photo, self.faces.landmarks_of(face), rng)[0]
        if self.weights is None:
            return sample
        unknown = np.full(len(sample.landmarks), np.nan, np.float32)
        return MeshSample(*sample, unknown, self._weight_of(face, len(unknown)))

    def _weight_of(self, face: int, num_landmarks: int) -> np.ndarray[Any, Any]:
        weight = 1.0 if self.weights is None else self.weights[face]
        return np.full(num_landmarks, weight, np.float32)

    def _with_mesh(
        self, face: int, photo: np.ndarray[Any, Any], meshes: FaceMeshes, rng: np.random.Generator
    ) -> MeshSample:
        """A sample with depth, its photo altered now and then."""
        vertices, valid = meshes.vertices[face], self.faces.valid_part(face, photo)
        weight = self._weight_of(face, len(meshes.to_landmarks))
        altered = None
        if self.alterations and meshes.has_depth[face]:
            altered = alter_face(photo, vertices, valid, rng, self.alterations)
        if altered is not None:
            photo, vertices, visible = altered
            weight *= 1 - (1 - np.float32(_HIDDEN_WEIGHT)) * meshes.hidden_share(visible)
        landmarks = meshes.landmarks_of(vertices)
        flat, z = landmarks[:, :2].astype(np.float32), landmarks[:, 2]
        sample, affine, is_mirrored = self._positive(face, photo, flat, rng)
        z = (z - z.mean()) * math.sqrt(abs(np.linalg.det(affine[:, :2]))) / self.size
        if not meshes.has_depth[face]:
            z = np.full(len(z), np.nan)
        if is_mirrored:
            z, weight = z[self.faces.topology.mirror], weight[self.faces.topology.mirror]
        return MeshSample(*sample, z.astype(np.float32), weight)

    def _positive(
        self,
        face: int,
        photo: np.ndarray[Any, Any],
        landmarks: np.ndarray[Any, Any],
        rng: np.random.Generator,
    ) -> tuple[LandmarkSample, np.ndarray[Any, Any], bool]:
        """A sample of a photo, the map that cut it, and whether it is mirrored."""
        partners = self.faces.topology.mirror
        is_mirrored = rng.random() < 0.5 and partners is not None
        affine = self._placed(landmarks, is_mirrored, rng)
        image = self._cut(face, photo, affine, rng)
        if rng.random() < 0.3:
            image = cover_rectangle(image, rng)
        is_masked = self.masked is not None and self.masked[face]
        if rng.random() < (_FAR_MASKED_SHARE if is_masked else _FAR_SHARE):
            image = see_from_afar(image, rng)
        elif rng.random() < _DIM_SHARE:
            image = dim(image, rng)
        if is_mirrored and partners is not None:
            landmarks = np.take(landmarks, partners, axis=0)
        mapped = apply_map(affine, landmarks) / self.size
        sample = LandmarkSample(degrade(image, rng), mapped.astype(np.float32), np.float32(1))
        return sample, affine, is_mirrored

    def _placed(
        self, landmarks: np.ndarray[Any, Any], mirror: bool, rng: np.random.Generator
    ) -> np.ndarray[Any, Any]:
        center, side = crop_square(landmarks)
        spread = self.placement
        side *= np.exp(rng.normal(0, spread.log_scale))
        return crop_map(
            center + rng.normal(0, spread.shift, 2) * side,
            side,
            self.size,
            angle_deg=rng.normal(0, spread.angle_deg),
            aspect=np.exp(rng.normal(0, spread.log_aspect)),
            mirror=mirror,
        )

    def _cut(
        self,
        face: int,
        photo: np.ndarray[Any, Any],
        affine: np.ndarray[Any, Any],
        rng: np.random.Generator,
    ) -> np.ndarray[Any, Any]:
        has_backgrounds = self.backgrounds is not None
        draw_background = (lambda: self._background_crop(rng)) if has_backgrounds else None
        valid = self.faces.valid_part(face, photo)
        return self._warped(photo, valid, affine, draw_background, rng)

    def _warped(
        self,
        photo: np.ndarray[Any, Any],
        valid: np.ndarray[Any, Any],
        affine: np.ndarray[Any, Any],
        draw_background: Callable[[], np.ndarray[Any, Any]] | None,
        rng: np.random.Generator,
    ) -> np.ndarray[Any, Any]:
        """Resample a photo to the crop, and fill what lies outside its box ``valid``."""
        image = warp(photo, affine, (self.size, self.size))
        outline = apply_map(affine, corners_of(valid + ONE_PIXEL_LESS))
        return fill_outside(image, outline, draw_background, rng)

    def _negative(self, face: int, rng: np.random.Generator) -> LandmarkSample | MeshSample:
        """A place without a face, or one that is so badly placed that it can't be meant."""
        kind = rng.random()
        if kind < 0.35:
            image = self._badly_placed(face, rng)
        elif kind < 0.7 and self.backgrounds is not None:
            image = self._background_crop(rng)
        elif kind < 0.85 and self.hard_negatives:
            image = self._hard_negative(self.hard_negatives, rng)
        else:
            image = make_synthetic_negative(self.faces, rng)
            image = cv2.resize(image, (self.size, self.size), interpolation=cv2.INTER_LINEAR)
        if rng.random() < 0.5:
            image = see_from_afar(image, rng)
        elif rng.random() < _DIM_NEGATIVE_SHARE:
            image = dim(image, rng)
        num_landmarks = self.faces.topology.num_landmarks
        nowhere = np.full((num_landmarks, 2), 0.5, np.float32)
        sample = LandmarkSample(degrade(image, rng), nowhere, np.float32(0))
        if self.meshes is None and self.weights is None:
            return sample
        nothing = np.full(num_landmarks, np.nan, np.float32)
        return MeshSample(*sample, nothing, np.ones(num_landmarks, np.float32))

    def _badly_placed(self, face: int, rng: np.random.Generator) -> np.ndarray[Any, Any]:
        center, side = crop_square(self.faces.landmarks_of(face))
        angle = rng.uniform(-180, 180)
        if rng.random() < _TURNED_SHARE:
            shift, scale = rng.normal(0, 0.045, 2), np.exp(rng.normal(0, 0.1))
            angle = rng.choice((-1, 1)) * rng.uniform(*_TURNED_DEG)
        elif rng.random() < 0.7:
            direction = rng.normal(size=2)
            shift = direction / np.linalg.norm(direction) * rng.uniform(0.5, 0.9)
            scale = np.exp(rng.normal(0, 0.2))
        else:
            shift = rng.normal(0, 0.2, 2)
            scale = rng.uniform(0.2, 0.45) if rng.random() < 0.5 else rng.uniform(2.5, 4)
        affine = crop_map(center + shift * side, side * scale, self.size, angle_deg=angle)
        return self._cut(face, self.faces.image(face), affine, rng)

    def _hard_negative(
        self, hard_negatives: HardNegatives, rng: np.random.Generator
    ) -> np.ndarray[Any, Any]:
        index = int(rng.integers(len(hard_negatives)))
        photo = hard_negatives.photo(index)
        center, side = crop_square(hard_negatives.boxes[index].reshape(2, 2))
        affine = crop_map(
            center + rng.normal(0, 0.05, 2) * side,
            side * np.exp(rng.normal(0, 0.15)),
            self.size,
            angle_deg=rng.normal(0, 20),
            mirror=rng.random() < 0.5,
        )
        return self._warped(photo, box_of_image(photo), affine, None, rng)

    def _background_crop(self, rng: np.random.Generator) -> np.ndarray[Any, Any]:
        assert self.backgrounds is not None  # else nobody asks for one
        assert self.background_rows is not None
        row = self.background_rows[rng.integers(len(self.background_rows))]
        image = self.backgrounds[int(row)]
        height, width = image.shape[:2]
        side = max(1, round(min(height, width) * math.exp(rng.uniform(math.log(0.15), 0))))
        left, top = rng.integers(width - side + 1), rng.integers(height - side + 1)
        window = image[top : top + side, left : left + side]
        whole = crop_map(np.array([side / 2, side / 2]), side, self.size)
        return warp(window, whole, (self.size, self.size), border=cv2.BORDER_REPLICATE)


@lru_cache(maxsize=4)
def shuffled_order(seed: int, epoch: int, count: int) -> np.ndarray[Any, Any]:
    """A permutation of 0 .. count - 1, another one for each epoch."""
    return np.random.default_rng([seed, 1, epoch]).permutation(count)


def crop_square(
    landmarks: np.ndarray[Any, Any], crop_scale: float = CROP_SCALE
) -> tuple[np.ndarray[Any, Any], float]:
    """Center (2,) and side of the network's crop of a face, in image pixels."""
    box = box_of(landmarks)
    side = crop_scale * float(max(box[2] - box[0], box[3] - box[1]))
    return (box[:2] + box[2:]) / 2, side


def evaluation_crops(
    faces: FaceCrops, size: int, which: Sequence[int] | None = None
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The crops by which landmark networks are measured: upright square, no augmentation.

    Args:
        faces: a data set's.
        size: side of the crops in pixels.
        which: N of the faces; all by default.

    Returns:
        (N, size, size, 3) uint8 RGB and (N, K, 2) float32 landmarks in fractions of the side.
    """
    chosen = range(len(faces)) if which is None else which
    images = np.empty((len(chosen), size, size, 3), np.uint8)
    landmarks = np.empty((len(chosen), *faces.landmarks.shape[1:]), np.float32)
    for row, face in enumerate(chosen):
        affine = crop_map(*crop_square(faces.landmarks[face]), size)
        images[row] = warp(faces.image(face), affine, (size, size))
        landmarks[row] = apply_map(affine, faces.landmarks[face]) / size
    return images, landmarks
