"""The face detector's loss. Its shapes are fixed, so nothing waits for the device."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from kilomark.data.finder_sources import FACE, IGNORED
from kilomark.networks.face_finder import STRIDES, FinderOutput

if TYPE_CHECKING:
    from kilomark.data.composed_samples import FaceBatch

__all__ = ["CellTargets", "assign_cells", "finder_loss"]

# Longer side, from and to, of the faces of each stride. The ranges overlap: a face near a limit is
# found by both strides and merged, where a sharp limit would leave it half found by each.
STRIDE_RANGES_PX = ((0.0, 48.0), (28.0, 120.0), (72.0, float("inf")))
BOX_WEIGHT = 1.5
KEYPOINT_WEIGHT = 0.7
_RING = 0.75  # strides around a face's cells where nothing is asked


class CellTargets(NamedTuple):
    """What each of the M cells of N images should say.

    Attributes:
        face: (N, M) index of the cell's face among the image's faces.
        weight: (N, M) of the cell for its face; 0 where it has none. The cells of one face sum up
            to the square root of their number.
        ignored: (N, M) bool, the cell is not held to anything.
    """

    face: Tensor
    weight: Tensor
    ignored: Tensor


def assign_cells(faces: FaceBatch, centers: Tensor, strides: Tensor) -> CellTargets:
    """A face belongs to the cells near its center, of the one or two strides for its size.

    Cells of these strides in a ring around them are ignored, as is everything within an ignored
    face. Cells of other strides inside a face are negatives, or boxes nest in large faces.
    """
    size = (faces.boxes[..., 2:] - faces.boxes[..., :2]).amax(-1)[..., None]  # (N, F, 1)
    limits = torch.tensor(STRIDE_RANGES_PX, device=size.device)
    level = torch.bucketize(strides, strides.new_tensor(STRIDES))
    smallest, largest = limits[level].T
    middle = (faces.boxes[..., :2] + faces.boxes[..., 2:]) / 2
    distance = torch.maximum(
        (centers[:, 0] - middle[..., 0, None]).abs(), (centers[:, 1] - middle[..., 1, None]).abs()
    )  # (N, F, M)
    core = torch.maximum(0.55 * strides, 0.14 * size)
    asked = (faces.state == FACE)[..., None] & (size >= smallest) & (size < largest)
    close = asked & (distance < core)
    ring = (asked & (distance < core + _RING * strides)).any(1)
    hidden = ((faces.state == IGNORED)[..., None] & (distance < 0.6 * size + 0.3 * strides)).any(1)

    nearest, face = distance.masked_fill(~close, float("inf")).min(1)
    positive = nearest.isfinite()
    number = torch.zeros(size.shape[:2], device=size.device)
    number.scatter_add_(1, face, positive.float())
    weight = positive / number.gather(1, face).clamp(min=1).sqrt()
    return CellTargets(face, weight, (ring | hidden) & ~positive)


def finder_loss(
    output: FinderOutput,
    faces: FaceBatch,
    targets: CellTargets,
    centers: Tensor,
    strides: Tensor,
    *,
    total: Tensor | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Quality focal loss, generalized IoU, and L1 over the face's size for keypoints.

    A cell's score is to be the square root of its box's intersection over union (Li et al. 2020,
    "Generalized Focal Loss"). All parts are sums over the weights of the cells of faces.

    Args:
        output: of the network, for N images of M cells.
        faces: of these images.
        targets: from `assign_cells`.
        centers: (M, 2) of the cells in pixels.
        strides: (M,).
        total: divisor of the sums; the sum of ``targets.weight`` if None. A batch that is
            computed in parts has the mean over its parts.
    """
    weight = targets.weight
    if total is None:
        total = weight.sum().clamp(min=1)

    step = strides[:, None]
    reach = output.distances.float() * step
    found = torch.cat([centers - reach[..., :2], centers + reach[..., 2:]], -1)
    wanted = faces.boxes.gather(1, targets.face[..., None].expand(-1, -1, 4))
    generalized, overlap = _box_overlaps(found, wanted)
    quality = torch.where(weight > 0, overlap.detach().clamp(0, 1).sqrt(), 0.0)

    logits = output.score_logits.float()
    error = (logits.sigmoid() - quality).abs()
    entropy = functional.binary_cross_entropy_with_logits(logits, quality, reduction="none")
    of_score = torch.where(weight > 0, weight, 1.0) * ~targets.ignored
    score = (of_score * error**2 * entropy).sum() / total
    box = (weight * (1 - generalized)).sum() / total

    index = targets.face[..., None, None].expand(-1, -1, 5, 2)
    points = centers[:, None] + output.keypoints.float() * step[..., None]
    size = (wanted[..., 2:] - wanted[..., :2]).amax(-1).clamp(min=1)
    off = (points - faces.keypoints.gather(1, index)).abs().sum((2, 3)) / size
    known = weight * faces.has_keypoints.gather(1, targets.face)
    keypoints = (known * torch.where(known > 0, off, 0.0)).sum() / known.sum().clamp(min=1)

    loss = score + BOX_WEIGHT * box + KEYPOINT_WEIGHT * keypoints
    parts = {"score": score, "box": box, "keypoints": keypoints}
    return loss, {name: value.detach() for name, value in parts.items()}


def _box_overlaps(found: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """Generalized intersection over union (Rezatofighi et al. 2019), and the plain one."""
    low = torch.maximum(found[..., :2], wanted[..., :2])
    high = torch.minimum(found[..., 2:], wanted[..., 2:])
    common = (high - low).clamp(min=0).prod(-1)
    areas = [(box[..., 2:] - box[..., :2]).prod(-1) for box in (found, wanted)]
    union = (areas[0] + areas[1] - common).clamp(min=1e-3)
    outer_low = torch.minimum(found[..., :2], wanted[..., :2])
    outer_high = torch.maximum(found[..., 2:], wanted[..., 2:])
    outer = (outer_high - outer_low).prod(-1).clamp(min=1e-3)
    overlap = common / union
    return overlap - (outer - union) / outer, overlap
