"""Labels for hard faces, where several looks of a network at the same face agree.

No second opinion exists for profiles: MediaPipe rejects most of them. A network that was trained on
turned photos errs differently in other crops, turned in the plane, and in the mirror. Where its
answers lie together, their mean is a label.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from kilomark import Detector
from kilomark.data.geometry import apply_map, box_of

from .own_network import mirror_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Agreement", "AgreementRule", "FaceLabeler", "Look", "why_dropped"]

Array = np.ndarray[Any, Any]

_CANVAS = 2.2  # sides of a face's box that a turned picture shows


@dataclass(frozen=True, slots=True)
class Look:
    """How a face is shown.

    Attributes:
        scale: of the box.
        shift: of the box's center, in its sides, to the right and down.
        angle_deg: turn of the picture.
        mirrored: whether it is mirrored.
    """

    scale: float = 1.0
    shift: float = 0.0
    angle_deg: float = 0.0
    mirrored: bool = False


FIRST_LOOKS = tuple(Look(mirrored=mirrored) for mirrored in (False, True))
LOOKS = tuple(
    Look(scale, shift, angle, mirrored)
    for scale, shift in ((0.92, 0.03), (1.08, -0.03))
    for angle in (-12.0, 12.0)
    for mirrored in (False, True)
)


@dataclass(frozen=True, slots=True)
class AgreementRule:
    """Which faces are kept.

    Attributes:
        largest_percent: of the disagreement, see `Agreement`.
        least_presence: mean presence of all looks.
        largest_move: of the landmarks' box from the given one, in its sides; it may also be as much
            smaller or larger.
    """

    largest_percent: float = 2.0
    least_presence: float = 0.8
    largest_move: float = 0.35

    def weight(self, percent: float) -> float:
        """Weight of a label in training: 1 where all looks agree, 0.2 at the limit."""
        return 1 / (1 + (2 * percent / self.largest_percent) ** 2)


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """What the looks at a face say together.

    Attributes:
        landmarks: (K, 2) pixels, each the mean of the looks weighted by 1 / spread².
        percent: mean distance of the looks from it, over the square root of the box's area.
            Landmarks count by 1 / spread: a hidden contour may lie here or there.
        presence: mean of the looks.
        yaw_deg: of the head; 0 where the network knows no pose.
    """

    landmarks: Array
    percent: float
    presence: float
    yaw_deg: float


def why_dropped(found: Agreement, box: Array, rule: AgreementRule) -> str:
    """Why a face gets no label; empty if it gets one."""
    own = box_of(found.landmarks)
    side = float(max(box[2] - box[0], box[3] - box[1]))
    moved = float(np.abs((own[:2] + own[2:]) / 2 - (box[:2] + box[2:]) / 2).max() / side)
    grown = abs(float(max(own[2] - own[0], own[3] - own[1]) / side - 1))
    if found.presence < rule.least_presence:
        return f"presence {found.presence:.2f}"
    if max(moved, grown) > rule.largest_move:
        return f"the landmarks leave the box: moved by {moved:.2f}, resized by {grown:.2f}"
    if not found.percent <= rule.largest_percent:
        return f"looks disagree by {found.percent:.1f} %"
    return ""


class FaceLabeler:
    """A bundle that looks at faces in given boxes.

    Raises:
        BundleError: there is no such bundle, or it is damaged.
        InvalidInputError: it does not know which landmarks are each other's mirror images.
    """

    def __init__(self, bundle: str, num_threads: int | None = None) -> None:
        self.detector = Detector(
            bundle, finder=None, blend=False, eyes=False, num_threads=num_threads
        )
        self.mirror = mirror_of(self.detector, bundle)

    def label(self, image: Array, box: Array) -> Agreement:
        """Look at the face of (H, W, 3) RGB in a box (4,), and again where its landmarks are."""
        first = self._agree(image, box, FIRST_LOOKS)
        return self._agree(image, box_of(first.landmarks), LOOKS)

    def _agree(self, image: Array, box: Array, looks: Sequence[Look]) -> Agreement:
        shown, boxes, maps = zip(*(_show(image, box, look) for look in looks), strict=True)
        faces = [found[0] for found in self.detector.predict(list(shown), boxes=list(boxes))]
        landmarks = np.stack(
            [self._back(f.landmarks, m, k) for f, m, k in zip(faces, maps, looks, strict=True)]
        )
        spread = np.stack(
            [
                face.spread[self.mirror] if look.mirrored else face.spread
                for face, look in zip(faces, looks, strict=True)
            ]
        )
        sure = 1 / np.maximum(spread, 1e-3) ** 2
        mean = (landmarks * sure[..., None]).sum(0) / sure.sum(0)[:, None]
        apart = np.linalg.norm(landmarks - mean, axis=-1).mean(0)
        own = box_of(mean)
        side = float(np.sqrt(max((own[2] - own[0]) * (own[3] - own[1]), 1e-6)))
        counts = 1 / np.maximum(spread.mean(0), 1e-3)
        return Agreement(
            mean,
            float(100 * (apart * counts).sum() / counts.sum() / side),
            float(np.mean([face.presence for face in faces])),
            _yaw_of(faces[0]),
        )

    def _back(self, landmarks: Array, affine: Array, look: Look) -> Array:
        placed = landmarks[self.mirror] if look.mirrored else landmarks
        back = cv2.invertAffineTransform(affine)
        return apply_map(back, np.ascontiguousarray(placed, np.float64))


def _show(image: Array, box: Array, look: Look) -> tuple[Array, Array, Array]:
    """A picture (S, S, 3) BGR of the face, the box (4,) to look at, and the map (2, 3) to it."""
    center, side = (box[:2] + box[2:]) / 2, float(max(box[2] - box[0], box[3] - box[1]))
    size = max(int(np.ceil(_CANVAS * side)), 8)
    angle = np.radians(look.angle_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if look.mirrored:
        turn = np.diag([-1.0, 1.0]) @ turn
    affine = np.concatenate([turn, (size / 2 - turn @ center)[:, None]], 1)
    centered = affine.copy()
    centered[:, 2] += turn @ (0.5, 0.5) - 0.5
    shown = cv2.warpAffine(image, centered, (size, size), borderMode=cv2.BORDER_REPLICATE)
    half = np.array([box[2] - box[0], box[3] - box[1]]) * look.scale / 2
    middle = size / 2 + look.shift * side
    looked_at = np.concatenate([middle - half, middle + half]).astype(np.float32)
    return np.ascontiguousarray(shown[..., ::-1]), looked_at, affine


def _yaw_of(face: Any) -> float:  # noqa: ANN401  # kilomark.Face
    return 0.0 if face.pose is None else float(face.pose.yaw_deg)
