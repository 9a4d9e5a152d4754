"""What the face finder's training images are put together from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kilomark.data.geometry import box_of_image, corners_of
from kilomark.data.synthetic_negatives import make_decoy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kilomark.data.face_crops import FaceCrops
    from kilomark.data.hard_negatives import HardNegatives
    from kilomark.data.packed_images import PackedImages
    from kilomark.data.scenes import Scenes

Array = np.ndarray[Any, Any]

_MASKED_SHARE = 0.3  # of the face crops, where there are masked ones
_NO_BOXES = np.empty((0, 4), np.float32)


class Source(NamedTuple):
    """An image with one face in it, ready to be placed."""

    image: Array
    inside: Array  # (4,) box of the usable part of the image
    outline: Array  # (P, 2) points whose box is the face's box, however turned
    keypoints: Array  # (5, 2)
    has_face: bool = True  # else a piece of background, so that an edge does not give a face away
    natural_share: float | None = None  # of its photo's longer side: how large it is to be drawn
    others: Array = _NO_BOXES  # (M, 4) boxes of faces that nobody labelled


@dataclass(frozen=True, slots=True, eq=False)
class FaceSources:
    """Face crops, photos with a face, and what holds none.

    Attributes:
        faces: crops, drawn as often as photos.
        scenes: photos with one labelled face each.
        backgrounds: photos without a face.
        background_rows: those of ``backgrounds`` to draw.
        keypoint_landmarks: the landmarks of ``faces`` that are the finder's keypoints.
        masked: rows of ``faces`` to draw more often than their number: faces behind masks.
        hard_negatives: shown as they lie in their photos.
        others: boxes (M, 4) of faces that nobody labelled, one array for each of ``scenes``.
    """

    faces: FaceCrops
    scenes: Scenes
    backgrounds: PackedImages
    background_rows: Array
    keypoint_landmarks: tuple[int, ...]
    masked: Array
    hard_negatives: HardNegatives | None = None
    others: Sequence[Array] | None = None

    def draw(self, rng: np.random.Generator) -> Source:
        """Draw one that holds a face 3 times in 4."""
        kind = rng.random()
        if kind < 0.25:
            return self._without_face(rng)
        if kind < 0.65:
            masked = len(self.masked) > 0 and rng.random() < _MASKED_SHARE
            face = int(rng.choice(self.masked)) if masked else int(rng.integers(len(self.faces)))
            landmarks = self.faces.landmarks[face]
            return Source(
                self.faces.image(face),
                self.faces.valid[face],
                landmarks.astype(np.float64),
                landmarks[list(self.keypoint_landmarks)].astype(np.float64),
            )
        scene = int(rng.integers(len(self.scenes)))
        image = self.scenes.image(scene)
        inside = box_of_image(image)
        outline = _ellipse_in(self.scenes.boxes[scene])
        return Source(
            image,
            inside,
            outline,
            self.scenes.keypoints[scene].astype(np.float64),
            others=_NO_BOXES if self.others is None else self.others[scene],
        )

    def _without_face(self, rng: np.random.Generator) -> Source:
        """A background or a decoy, placed as faces are: an edge does not give a face away."""
        if self.hard_negatives and rng.random() < 0.5:
            return self._hard_negative(self.hard_negatives, rng)
        if rng.random() < 0.4:
            image = make_decoy(self.faces, rng)
            share = rng.uniform(0.6, 1.0)
        else:
            image = self.draw_background(rng)
            share = rng.uniform(0.3, 0.8)
        inside = box_of_image(image)
        return Source(image, inside, corners_of(inside * share), np.zeros((5, 2)), has_face=False)

    def _hard_negative(self, hard_negatives: HardNegatives, rng: np.random.Generator) -> Source:
        index = int(rng.integers(len(hard_negatives)))
        image, box = hard_negatives.cut(index)
        inside = box_of_image(image)
        share = float((box[2:] - box[:2]).max()) / hard_negatives.photo_px(index)
        return Source(
            image, inside, corners_of(box), np.zeros((5, 2)), has_face=False, natural_share=share
        )

    def draw_background(self, rng: np.random.Generator) -> Array:
        """Draw a photo without a face: (H, W, 3) uint8 RGB."""
        return self.backgrounds[int(rng.choice(self.background_rows))]


def _ellipse_in(box: Array) -> Array:
    """(24, 2) points of the ellipse that fills a box: a face's outline, near enough to turn."""
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)], 1)
    center, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
    return np.asarray(center + circle * half, np.float64)
