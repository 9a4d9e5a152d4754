"""Measuring bundles as the runtime runs them: ONNX through the C++ core, not the torch module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.data.geometry import box_of
from kilomark.detector import Detector
from kilomark.training.metrics import (
    FinderAccuracy,
    LandmarkAccuracy,
    finder_accuracy,
    landmark_accuracy,
)

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark.data.face_crops import FaceCrops
    from kilomark.data.packed_images import PackedImages
    from kilomark.data.scenes import Scenes

Array = np.ndarray[Any, Any]


def evaluate_landmarks(
    bundle: str | Path, faces: FaceCrops, backgrounds: PackedImages, background_rows: Array
) -> tuple[LandmarkAccuracy, dict[str, float]]:
    """Accuracy of a landmark bundle on labelled crops, and how far its confidence can be trusted.

    The network's crop is 1.25 times the landmarks' box; one pass, no averaging.

    Returns:
        The accuracy, and ``spread_over_error`` (1 where the predicted spread is the mean error),
        ``spread_error_correlation`` (rank correlation over faces), ``presence_recall_percent``
        (faces whose presence is at least 0.5) and ``presence_false_percent`` (backgrounds).
    """
    detector = Detector(bundle, faces=None)
    landmarks, spread, presence, sides = [], [], [], []
    for face in range(len(faces)):
        box = box_of(faces.landmarks[face])
        (found,) = detector.predict(_bgr(faces.image(face)), boxes=box)
        landmarks.append(found.landmarks)
        spread.append(found.spread)
        presence.append(found.presence)
        sides.append(1.25 * max(box[2] - box[0], box[3] - box[1]))
    scale = np.array(sides)[:, None, None]
    predicted, target = np.stack(landmarks) / scale, faces.landmarks / scale
    confidence = _confidence(predicted, target, np.stack(spread) / scale[..., 0])
    confidence["presence_recall_percent"] = _share(presence)
    confidence["presence_false_percent"] = _share(
        [_background_presence(detector, backgrounds[int(row)]) for row in background_rows]
    )
    return landmark_accuracy(predicted, target), confidence


def _confidence(landmarks: Array, target: Array, spread: Array) -> dict[str, float]:
    errors = np.linalg.norm(landmarks - target, axis=-1)
    ranks = [values.mean(1).argsort().argsort() for values in (errors, spread)]
    return {
        "spread_over_error": float(spread.mean() / errors.mean()),
        "spread_error_correlation": float(np.corrcoef(*ranks)[0, 1]),
    }


def _background_presence(detector: Detector, image: Array) -> float:
    """Presence in the middle half of a photo without a face."""
    height, width = image.shape[:2]
    box = np.array([width, height, width, height]) * (0.25, 0.25, 0.75, 0.75)
    (found,) = detector.predict(_bgr(image), boxes=box)
    return found.presence


def _share(presence: list[float]) -> float:
    return float(100 * np.mean(np.array(presence) >= 0.5))


def evaluate_finder(
    bundle: str | Path, scenes: Scenes, backgrounds: PackedImages, background_rows: Array
) -> FinderAccuracy:
    """Accuracy of a face finder alone, at score 0.5: no landmark network corrects it."""
    detector = Detector("lite", faces=bundle, presence_threshold=0.0)
    photos = [scenes.image(scene) for scene in range(len(scenes))]
    empty = [backgrounds[int(row)] for row in background_rows]
    return finder_accuracy(
        [_found_boxes(detector, photo) for photo in photos],
        scenes.boxes,
        [_found_boxes(detector, photo) for photo in empty],
    )


def _found_boxes(detector: Detector, image: Array) -> Array:
    found = detector.predict(_bgr(image))
    return np.array([face.box for face in found], np.float32).reshape(-1, 4)


def _bgr(image: Array) -> Array:
    return np.ascontiguousarray(image[..., ::-1])
