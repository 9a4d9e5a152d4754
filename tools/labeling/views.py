"""One photo seen in several ways, and what the labels of all of them say together.

A mesh network errs differently in the mirror and when the face lies elsewhere in the picture. The
average of such views is better than any of them. Their disagreement shows uncertain labels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

Image: TypeAlias = npt.NDArray[np.uint8]  # (H, W, 3) RGB
Landmarks: TypeAlias = npt.NDArray[np.float64]  # (K, 2) pixels, a pixel's center at + 0.5
PlaceLandmarks: TypeAlias = Callable[[Image], Landmarks | None]  # None where no face is found


@dataclass(frozen=True, slots=True, eq=False)
class Labeler:
    """A network that places landmarks.

    Attributes:
        name: for messages.
        place: the landmarks of the one face of an image.
        mirror: (K,) the landmark that each one becomes in the mirror.
    """

    name: str
    place: PlaceLandmarks
    mirror: npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class View:
    """How a photo is shown: mirrored or not, with a black border of a share of its longer side."""

    mirrored: bool
    border: float

    def show(self, photo: Image) -> Image:
        width_px = self._border_px(photo)
        shown = cv2.copyMakeBorder(photo, *[width_px] * 4, cv2.BORDER_CONSTANT, value=(0, 0, 0))
        return np.ascontiguousarray(shown[:, ::-1] if self.mirrored else shown, np.uint8)

    def restore(
        self, landmarks: Landmarks, photo: Image, mirror: npt.NDArray[np.intp]
    ) -> Landmarks:
        """Bring landmarks of the view back to the photo."""
        border = self._border_px(photo)
        if self.mirrored:
            width = photo.shape[1] + 2 * border
            landmarks = landmarks[mirror] * (-1, 1) + (width, 0)
        return landmarks - border

    def _border_px(self, photo: Image) -> int:
        return round(self.border * max(photo.shape[:2]))


VIEWS = tuple(View(mirrored, border) for border in (0.0, 0.5) for mirrored in (False, True))
FEWEST_VIEWS = 2  # that must find the face: in wide borders a small one is overlooked


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """What the views say together.

    Attributes:
        landmarks: their average.
        spread: mean distance of the view furthest from it, as a share of the face's size, which
            is the longer side of the landmarks' box.
        num_views: how many found the face.
    """

    landmarks: Landmarks
    spread: float
    num_views: int


class NoLabelError(Exception):
    """Why a photo gets no label."""


def label_photo(photo: Image, labeler: Labeler, *, largest_spread: float) -> Label:
    """Label the one face of a photo.

    Raises:
        NoLabelError: too few views show a face, or they disagree by more than ``largest_spread``.
    """
    placed = [(view, labeler.place(view.show(photo))) for view in VIEWS]
    found = [
        view.restore(landmarks, photo, labeler.mirror)
        for view, landmarks in placed
        if landmarks is not None
    ]
    if len(found) < FEWEST_VIEWS:
        raise NoLabelError(f"a face in {len(found)} of {len(VIEWS)} views")
    average = np.mean(found, axis=0)
    distances = [np.linalg.norm(landmarks - average, axis=1).mean() for landmarks in found]
    spread = float(max(distances) / np.ptp(average, axis=0).max())
    if spread > largest_spread:
        raise NoLabelError(f"views disagree by {100 * spread:.1f} % of the face")
    return Label(average, spread, len(found))
