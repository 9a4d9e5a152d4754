"""Landmark bundles on whole photos, through the C++ core, by the crop they were trained with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.contest.crop import BaselineCrop, crop_as_baseline
from kilomark.data.geometry import box_of
from kilomark.data.landmark_samples import crop_square
from kilomark.detector import Detector
from kilomark.manifest import LandmarkBundle, read_landmark_bundle

if TYPE_CHECKING:
    import os

    from kilomark.contest.samples import CropName

__all__ = ["PhotoPredictor", "trained_crop"]

Array = np.ndarray[Any, Any]


class PhotoPredictor:
    """Places the landmarks of the one face that a contest's photo shows.

    A network that was trained with the baseline's crop gets that crop, pixel for pixel. Any other
    gets the crop around the best face that the face detector finds; where it finds none, the middle
    of the photo is taken for the face.

    Attributes:
        num_landmarks: K.
        crop: which of the two it is.
        photos_without_face: how many photos the face detector found none in.
    """

    def __init__(
        self,
        model: str | os.PathLike[str],
        *,
        device: str = "auto",
        finder: str | os.PathLike[str] = "auto",
        num_threads: int | None = None,
    ) -> None:
        self._bundle = read_landmark_bundle(model)
        self.num_landmarks = self._bundle.topology.num_landmarks
        self.crop = trained_crop(self._bundle)
        self.photos_without_face = 0
        self._detector = Detector(
            self._bundle.folder,
            device=device,
            finder=None if self.crop == "baseline" else finder,
            presence_threshold=0.0,
            num_threads=num_threads,
        )

    def __call__(self, photo: Array) -> Array:
        """Landmarks (K, 2) float64 in pixels of a (H, W, 3) uint8 RGB photo."""
        if self.crop == "face":
            return self._predict_face(_to_bgr(photo))
        landmarks, placed = self._predict_baseline_crop(photo)
        return placed.to_photo(landmarks)

    def compare(self, photo: Array, labels: Array) -> tuple[Array, Array]:
        """Predicted and labeled landmarks, (1, K, 2) each, in fractions of the crop's side.

        Args:
            photo: (H, W, 3) uint8 RGB.
            labels: (K, 2) pixels of the photo; the crop around a face is theirs.
        """
        if self.crop == "face":
            (face,) = self._detector.predict(_to_bgr(photo), boxes=box_of(labels))
            _, side = crop_square(labels, self._bundle.crop_scale)
            return face.landmarks[None] / side, labels[None] / side
        size = self._bundle.input.width
        landmarks, placed = self._predict_baseline_crop(photo)
        return landmarks[None] / size, placed.to_crop(labels)[None] / size

    def _predict_baseline_crop(self, photo: Array) -> tuple[Array, BaselineCrop]:
        size = self._bundle.input.width
        crop, placed = crop_as_baseline(photo, size)
        # The box whose crop is the whole of this image: the core then resamples nothing.
        box = _middle_box(size, size, size / self._bundle.crop_scale)
        (face,) = self._detector.predict(_to_bgr(crop), boxes=box)
        return face.landmarks.astype(np.float64), placed

    def _predict_face(self, bgr: Array) -> Array:
        faces = self._detector.predict(bgr)
        if not faces:
            self.photos_without_face += 1
            height, width = bgr.shape[:2]
            side = min(height, width) / self._bundle.crop_scale
            faces = self._detector.predict(bgr, boxes=_middle_box(width, height, side))
        return faces[0].landmarks.astype(np.float64)


def _to_bgr(image: Array) -> Array:
    return np.ascontiguousarray(image[..., ::-1])


def _middle_box(width: int, height: int, side: float) -> Array:
    middle = np.array([width, height, width, height]) / 2
    return middle + np.array([-side, -side, side, side]) / 2


def trained_crop(bundle: LandmarkBundle) -> CropName:
    """Return the crop that a bundle's manifest says it was trained with; a face's by default."""
    manifest = json.loads((bundle.folder / "manifest.json").read_text(encoding="utf-8"))
    training = manifest.get("training")
    is_baseline = isinstance(training, dict) and training.get("crop") == "baseline"
    return "baseline" if is_baseline else "face"
