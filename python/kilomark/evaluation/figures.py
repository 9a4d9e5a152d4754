"""Measuring bundles as the runtime runs them: ONNX through the C++ core, not the torch module."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.data.geometry import box_of
from kilomark.detector import Detector
from kilomark.evaluation.metrics import FinderAccuracy, finder_accuracy, landmark_accuracy
from kilomark.network_inputs import CROP_SCALE
from kilomark.options import DEFAULT_SCORE_THRESHOLD

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kilomark.data.face_crops import FaceCrops
    from kilomark.data.packed_images import PackedImages
    from kilomark.data.scenes import Scenes
    from kilomark.faces import Face

__all__ = [
    "ALONE",
    "FinderFinds",
    "FinderUse",
    "LandmarkPredictions",
    "LandmarkUse",
    "boxes_and_scores",
    "find_faces",
    "finder_figures",
    "landmark_figures",
    "predict_faces",
    "to_bgr",
]

Array = np.ndarray[Any, Any]

# Parts of a photo without a face to ask for presence: its middle half, and its quarters.
_BACKGROUND_BOXES = np.array(
    [
        (0.25, 0.25, 0.75, 0.75),
        (0.0, 0.0, 0.5, 0.5),
        (0.5, 0.0, 1.0, 0.5),
        (0.0, 0.5, 0.5, 1.0),
        (0.5, 0.5, 1.0, 1.0),
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class LandmarkPredictions:
    """What a landmark bundle says of labeled faces, in fractions of the crop's side.

    Attributes:
        landmarks: (N, K, 2).
        target: (N, K, 2) labels.
        spread: (N, K) predicted error.
        presence: (N,) of the faces.
        background_presence: (M,) of parts of photos without faces.
        yaw_deg: (N,) of the head pose; NaN where there is none. None if it was not asked for.
    """

    landmarks: Array
    target: Array
    spread: Array
    presence: Array
    background_presence: Array
    yaw_deg: Array | None = None

    @property
    def errors(self) -> Array:
        """(N, K) distance of each landmark from its label."""
        return np.asarray(np.linalg.norm(self.landmarks - self.target, axis=-1))


@dataclass(frozen=True, slots=True)
class LandmarkUse:
    """How a landmark network is measured: by itself, or as a `Detector` uses it.

    Attributes:
        views: as in `Detector`.
        blends: whether the networks that its manifest names are blended in, as by default in a
            `Detector`.
    """

    views: int = 1
    blends: bool = False

    def make_detector(self, bundle: str | Path, *, find: bool = False) -> Detector:
        """Make a detector for given boxes, or for found faces with ``find``."""
        return Detector(
            bundle,
            finder="auto" if find or self.blends else None,
            views=self.views,
            blend="auto" if self.blends else False,
            eyes=self.blends,
        )


def predict_faces(
    bundle: str | Path,
    faces: FaceCrops,
    backgrounds: PackedImages,
    background_rows: Array,
    *,
    use: LandmarkUse | None = None,
) -> LandmarkPredictions:
    """Run a landmark bundle over labeled crops: one pass.

    The network's crop is `CROP_SCALE` times the landmarks' box.

    Args:
        bundle: the landmark network.
        faces: labeled crops.
        backgrounds: photos without faces.
        background_rows: which of them to use.
        use: how it is used; alone by default.
    """
    detector = (use or LandmarkUse()).make_detector(bundle)
    found, sides = [], []
    for face in range(len(faces)):
        box = box_of(faces.landmarks[face])
        found += detector.predict(to_bgr(faces.image(face)), boxes=box)
        sides.append(CROP_SCALE * max(box[2] - box[0], box[3] - box[1]))
    scale = np.array(sides)[:, None, None]
    return LandmarkPredictions(
        landmarks=np.stack([face.landmarks for face in found]) / scale,
        target=faces.landmarks / scale,
        spread=np.stack([face.spread for face in found]) / scale[..., 0],
        presence=np.array([face.presence for face in found]),
        background_presence=np.concatenate(
            [_background_presence(detector, backgrounds[int(row)]) for row in background_rows]
        ),
        yaw_deg=np.array([_yaw_of(face) for face in found]),
    )


def _yaw_of(face: Face) -> float:
    pose = face.pose
    return float("nan") if pose is None else pose.yaw_deg


def _background_presence(detector: Detector, image: Array) -> list[float]:
    height, width = image.shape[:2]
    boxes = _BACKGROUND_BOXES * (width, height, width, height)
    return [face.presence for face in detector.predict(to_bgr(image), boxes=boxes)]


def landmark_figures(predictions: LandmarkPredictions) -> dict[str, float]:
    """Accuracy of a landmark bundle, and how far its confidence can be trusted.

    Returns:
        `LandmarkAccuracy`'s figures, and ``spread_over_error`` (1 where the predicted spread is
        the mean error), ``spread_error_correlation`` (rank correlation over faces),
        ``presence_recall_percent`` (faces whose presence is at least 0.5) and
        ``presence_false_percent`` (parts of photos without faces).
    """
    accuracy = landmark_accuracy(predictions.landmarks, predictions.target)
    errors, spread = predictions.errors, predictions.spread
    ranks = [values.mean(1).argsort().argsort() for values in (errors, spread)]
    return {
        "nme_percent": accuracy.nme_percent,
        "median_nme_percent": accuracy.median_nme_percent,
        "mse_px2": accuracy.mse_px2,
        "box_error_percent": accuracy.box_error_percent,
        "failure_percent": accuracy.failure_percent,
        "spread_over_error": float(spread.mean() / errors.mean()),
        "spread_error_correlation": float(np.corrcoef(*ranks)[0, 1]),
        "presence_recall_percent": _share(predictions.presence),
        "presence_false_percent": _share(predictions.background_presence),
    }


def _share(presence: Array) -> float:
    return float(100 * np.mean(presence >= 0.5))


@dataclass(frozen=True, slots=True, eq=False)
class FinderFinds:
    """What a face detector finds, best first, in photos with a labeled face and in others.

    Attributes:
        boxes: for each photo, (F, 4) boxes in its pixels.
        scores: for each photo, (F,).
        in_backgrounds: for each photo without a face, (F, 4) boxes.
        background_scores: for each photo without a face, (F,).
    """

    boxes: Sequence[Array]
    scores: Sequence[Array]
    in_backgrounds: Sequence[Array]
    background_scores: Sequence[Array]

    def at(self, threshold: float) -> tuple[list[Array], list[Array]]:
        """Boxes of at least this score: in the photos, and in the backgrounds."""
        photos = zip(self.boxes, self.scores, strict=True)
        backgrounds = zip(self.in_backgrounds, self.background_scores, strict=True)
        return (
            [boxes[scores >= threshold] for boxes, scores in photos],
            [boxes[scores >= threshold] for boxes, scores in backgrounds],
        )


@dataclass(frozen=True, slots=True)
class FinderUse:
    """How a face detector is used.

    Attributes:
        landmarks: the landmark network that rescores the found faces, if any.
        tiles: `Detector`'s ``finder_tiles``.
    """

    landmarks: str | None = None
    tiles: int = 1

    def make_detector(
        self,
        bundle: str | Path,
        *,
        score_threshold: float = DEFAULT_SCORE_THRESHOLD,
        finder_size: int | None = None,
    ) -> Detector:
        """Make a detector that keeps all that its face detector finds, with these options."""
        return Detector(
            self.landmarks or "lite",
            finder=bundle,
            presence_threshold=0.0 if self.landmarks is None else 0.5,
            score_threshold=score_threshold,
            finder_size=finder_size,
            finder_tiles=self.tiles,
        )

    def __str__(self) -> str:
        looks = "alone" if self.landmarks is None else f"rescored by {self.landmarks}"
        return looks if self.tiles == 1 else f"{looks}, on the image and {self.tiles} tiles a side"


ALONE = FinderUse()


def find_faces(
    bundle: str | Path,
    scenes: Scenes,
    backgrounds: PackedImages,
    background_rows: Array,
    *,
    lowest_score: float = 0.5,
    use: FinderUse = ALONE,
) -> FinderFinds:
    """Run a face detector, used as asked."""
    detector = use.make_detector(bundle, score_threshold=lowest_score)
    photos = [scenes.image(scene) for scene in range(len(scenes))]
    empty = [backgrounds[int(row)] for row in background_rows]
    found = [boxes_and_scores(detector, photo) for photo in photos]
    false = [boxes_and_scores(detector, photo) for photo in empty]
    return FinderFinds(*zip(*found, strict=True), *zip(*false, strict=True))


def boxes_and_scores(detector: Detector, image: Array) -> tuple[Array, Array]:
    """Boxes (F, 4) and scores (F,) found in one (H, W, 3) RGB image."""
    found = detector.predict(to_bgr(image))
    boxes = np.array([face.box for face in found], np.float32).reshape(-1, 4)
    return boxes, np.array([face.score for face in found], np.float32)


def finder_figures(finds: FinderFinds, scenes: Scenes, threshold: float = 0.5) -> FinderAccuracy:
    """Accuracy of a face detector at one score threshold."""
    in_photos, in_backgrounds = finds.at(threshold)
    return finder_accuracy(in_photos, scenes.boxes, in_backgrounds)


def to_bgr(image: Array) -> Array:
    """(H, W, 3) RGB -> BGR, as the detector takes it."""
    return np.ascontiguousarray(image[..., ::-1])
