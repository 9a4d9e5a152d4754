"""How still landmarks stay on a face whose picture is moved, rescaled or compressed again.

Where a face moves, its landmarks should move with it and no other way: what remains after the
known motion is taken off is what a viewer sees as trembling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from kilomark.evaluation.metrics import OUTER_EYE_CORNERS, box_iou

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kilomark.detector import Detector

__all__ = ["Steadiness", "Variant", "make_variants", "measure_steadiness"]

Array = np.ndarray[Any, Any]

SHIFTS_PX = ((0.25, 0.0), (0.5, 0.0), (0.0, 0.25), (0.0, 0.5), (0.75, 0.75), (-0.4, 0.6))
SCALES = (0.9, 0.95, 1.05, 1.1)
JPEG_QUALITIES = (92, 80, 65)
KINDS = ("shift", "scale", "jpeg")


class Variant(NamedTuple):
    """A changed picture of the same face: a point p of the photo is at ``p * scale + offset``."""

    kind: str
    image: Array
    scale: tuple[float, float] = (1.0, 1.0)
    offset: tuple[float, float] = (0.0, 0.0)

    def move(self, points: Array) -> Array:
        """Take (..., 2) points of the photo to this picture."""
        return np.asarray(points * self.scale + self.offset)

    def restore(self, points: Array) -> Array:
        """Take (..., 2) points of this picture back to the photo."""
        return np.asarray((points - self.offset) / self.scale)


@dataclass(frozen=True, slots=True)
class Steadiness:
    """Jitter in percent of the distance of the outer eye corners.

    Attributes:
        jitter_percent: root mean square distance of landmarks from their mean over all variants of
            a face, the motion taken off; mean over faces.
        worst_percent: the same, 95th percentile over faces.
        shift_percent: among the photo and its sub-pixel shifts alone.
        scale_percent: among the photo and its rescaled copies alone.
        jpeg_percent: among the photo and its JPEG copies alone.
        num_faces: faces measured: those found in every variant.
    """

    jitter_percent: float
    worst_percent: float
    shift_percent: float
    scale_percent: float
    jpeg_percent: float
    num_faces: int


def make_variants(image: Array) -> list[Variant]:
    """The photo (H, W, 3) itself, then shifted by parts of a pixel, rescaled, and as JPEG."""
    return [Variant("photo", image), *_shifted(image), *_rescaled(image), *_compressed(image)]


def _shifted(image: Array) -> Iterator[Variant]:
    for x, y in SHIFTS_PX:
        affine = np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
        # Lanczos: bilinear sampling would blur each shift differently, as no camera does.
        moved = cv2.warpAffine(
            image,
            affine,
            image.shape[1::-1],
            flags=cv2.INTER_LANCZOS4,
            borderMode=cv2.BORDER_REPLICATE,
        )
        yield Variant("shift", moved, offset=(x, y))


def _rescaled(image: Array) -> Iterator[Variant]:
    height, width = image.shape[:2]
    for scale in SCALES:
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        size = (round(width * scale), round(height * scale))
        exact = (size[0] / width, size[1] / height)
        yield Variant("scale", cv2.resize(image, size, interpolation=method), scale=exact)


def _compressed(image: Array) -> Iterator[Variant]:
    for quality in JPEG_QUALITIES:
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert decoded is not None  # it was encoded just now
        yield Variant("jpeg", decoded)


def measure_steadiness(
    detector: Detector,
    images: Iterable[Array],
    boxes: Iterable[Array],
    *,
    find: bool = False,
    eyes: tuple[int, int] = OUTER_EYE_CORNERS,
) -> Steadiness:
    """Measure the jitter of a detector's landmarks.

    Args:
        detector: one that has a face detector where ``find`` is set.
        images: (H, W, 3) uint8 BGR photos.
        boxes: one face's box (4,) for each.
        find: whether the finder says in every variant where the face is; else ``boxes`` do, and
            move exactly with the face.
        eyes: landmarks at the outer corners of the eyes.
    """
    per_face = []
    for image, box in zip(images, boxes, strict=True):
        variants = make_variants(image)
        landmarks = [_landmarks_in(detector, variant, box, find=find) for variant in variants]
        found = [points for points in landmarks if points is not None]
        if len(found) == len(variants):
            kinds = [variant.kind for variant in variants]
            per_face.append(_jitter(np.stack(found), kinds, eyes))
    table = np.array(per_face).reshape(-1, 1 + len(KINDS))
    if len(table) == 0:
        table = np.full((1, 1 + len(KINDS)), np.nan)
    jitter, shift, scale, jpeg = table.mean(0).tolist()
    return Steadiness(
        jitter_percent=jitter,
        worst_percent=float(np.percentile(table[:, 0], 95)),
        shift_percent=shift,
        scale_percent=scale,
        jpeg_percent=jpeg,
        num_faces=len(per_face),
    )


def _landmarks_in(detector: Detector, variant: Variant, box: Array, *, find: bool) -> Array | None:
    """Landmarks (K, 2) in the photo's pixels; None where the finder misses the face."""
    moved = variant.move(box.reshape(2, 2)).reshape(4).astype(np.float32)
    faces = (
        detector.predict(variant.image) if find else detector.predict(variant.image, boxes=moved)
    )
    if not faces:
        return None
    overlap = [float(box_iou(np.asarray(face.box)[None], moved)[0]) for face in faces]
    best = int(np.argmax(overlap))
    if find and overlap[best] < 0.5:
        return None
    return variant.restore(np.asarray(faces[best].landmarks, np.float64))


def _jitter(landmarks: Array, kinds: Sequence[str], eyes: tuple[int, int]) -> list[float]:
    """Of (V, K, 2): over all variants, then over the photo and each kind alone; in percent."""
    mean = landmarks.mean(0)
    inter_ocular = float(np.linalg.norm(mean[eyes[0]] - mean[eyes[1]]))
    chosen = [[found in ("photo", kind) for found in kinds] for kind in KINDS]
    subsets = [landmarks, *(landmarks[rows] for rows in chosen)]
    return [100 * _root_mean_square(part - part.mean(0)) / inter_ocular for part in subsets]


def _root_mean_square(deviations: Array) -> float:
    return float(np.sqrt((deviations**2).sum(-1).mean()))
