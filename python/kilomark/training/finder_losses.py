"""What the face finder is trained to minimise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor
from torchvision.ops import generalized_box_iou_loss, sigmoid_focal_loss

from kilomark.data.mosaics import FACE, IGNORED
from kilomark.networks.face_finder import STRIDES, FinderOutput, cell_centres

if TYPE_CHECKING:
    from collections.abc import Sequence

# Longer side, from and to, of the faces of each stride. The ranges overlap: a face near a limit is
# found by both strides and merged, where a sharp limit would leave it half found by each.
STRIDE_RANGES_PX = ((0.0, 52.0), (31.0, 135.0), (80.0, float("inf")))
KEYPOINT_WEIGHT = 0.5
# Of 1; the rest is the weight of cells without a face. Below a half: a false face in every tenth
# background is worse than a face in two hundred that is missed.
FACE_WEIGHT = 0.35
# A small face has one cell, a large one a dozen, and it is the small ones that are hard.
STRIDE_WEIGHTS = (2.0, 1.0, 1.0)


class CellTargets(NamedTuple):
    """What each of the M cells of N images should say.

    Attributes:
        face: (N, M) index of the cell's face among the image's faces.
        positive: (N, M) bool, the cell is the face's.
        ignored: (N, M) bool, the cell is not held to anything.
    """

    face: Tensor
    positive: Tensor
    ignored: Tensor


def assign_cells(boxes: Tensor, state: Tensor, centres: Tensor, strides: Tensor) -> CellTargets:
    """A face belongs to the cells near its centre, of the one or two strides for its size.

    Cells of the same stride in a ring around those are ignored, as is everything within a face
    that is hardly seen. Cells of other strides inside a face are negatives: otherwise the finder
    nests boxes in large faces.

    Args:
        boxes: (N, F, 4) pixels.
        state: (N, F) NONE, FACE or IGNORED.
        centres: (M, 2) cell centres in pixels.
        strides: (M,).
    """
    size = (boxes[..., 2:] - boxes[..., :2]).amax(-1)  # (N, F)
    smallest, largest = _by_stride(STRIDE_RANGES_PX, strides).T
    same_level = (size[..., None] >= smallest) & (size[..., None] < largest)  # (N, F, M)

    middle = (boxes[..., :2] + boxes[..., 2:]) / 2
    distance = (centres - middle[:, :, None]).abs().amax(-1)  # (N, F, M)
    core = torch.maximum(0.55 * strides, 0.14 * size[..., None])
    is_face = (state == FACE)[..., None]
    close = is_face & same_level & (distance < core)
    ring = is_face & same_level & (distance < core + 0.75 * strides)
    hardly_seen = (state == IGNORED)[..., None] & (distance < 0.6 * size[..., None])

    nearest = distance.masked_fill(~close, float("inf")).argmin(1)
    positive = close.any(1)
    return CellTargets(nearest, positive, (ring | hardly_seen).any(1) & ~positive)


def count_positive(boxes: Tensor, state: Tensor, size: int) -> Tensor:
    """Number of cells of a batch that belong to a face."""
    centres, strides = (grid.to(boxes.device) for grid in cell_centres(size, size))
    return assign_cells(boxes, state, centres, strides).positive.sum()


def finder_loss(
    output: FinderOutput,
    boxes: Tensor,
    keypoints: Tensor,
    state: Tensor,
    size: int,
    *,
    num_positive: Tensor | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Focal loss for scores, generalised IoU for boxes, L1 over the face's size for keypoints.

    All are sums, weighted by stride, divided by ``num_positive``: by default the number of cells
    that belong to a face here; a batch that is computed in parts has the mean over its parts.
    """
    centres, strides = (grid.to(boxes.device) for grid in cell_centres(size, size))
    targets = assign_cells(boxes, state, centres, strides)
    if num_positive is None:
        num_positive = targets.positive.sum().clamp(min=1)
    parts = {
        "score": _score_loss(output, targets, strides) / num_positive,
        **{
            name: total / num_positive
            for name, total in _shape_losses(
                output, targets, boxes, keypoints, centres, strides
            ).items()
        },
    }
    loss = parts["score"] + parts["box"] + KEYPOINT_WEIGHT * parts["keypoints"]
    return loss, {name: value.detach() for name, value in parts.items()}


def _score_loss(output: FinderOutput, targets: CellTargets, strides: Tensor) -> Tensor:
    counted = ~targets.ignored
    is_face = targets.positive[counted].float()
    score: Tensor = sigmoid_focal_loss(
        output.score_logits[counted], is_face, alpha=FACE_WEIGHT, gamma=1.5
    )
    weight = _by_stride(STRIDE_WEIGHTS, strides).expand_as(targets.ignored)[counted]
    return (weight * score).sum()


def _by_stride(values: Sequence[Any], strides: Tensor) -> Tensor:
    """For each of ``strides`` (M,) what ``values``, one a level of `STRIDES`, has for it."""
    levels = torch.tensor(STRIDES, dtype=strides.dtype, device=strides.device)
    return torch.tensor(values, device=strides.device)[torch.bucketize(strides, levels)]


def _shape_losses(
    output: FinderOutput,
    targets: CellTargets,
    boxes: Tensor,
    keypoints: Tensor,
    centres: Tensor,
    strides: Tensor,
) -> dict[str, Tensor]:
    """Sums over the cells that belong to a face, of their boxes' and keypoints' losses."""
    image, cell = targets.positive.nonzero(as_tuple=True)
    face = targets.face[image, cell]
    wanted_box, wanted_points = boxes[image, face], keypoints[image, face]
    centre, stride = centres[cell], strides[cell, None]
    reach = output.distances[image, cell] * stride
    found_box = torch.cat([centre - reach[:, :2], centre + reach[:, 2:]], 1)
    found_points = centre[:, None] + output.keypoints[image, cell] * stride[..., None]
    face_size = (wanted_box[:, 2:] - wanted_box[:, :2]).amax(1)[:, None, None]
    weight = _by_stride(STRIDE_WEIGHTS, strides[cell])
    box = generalized_box_iou_loss(found_box, wanted_box, reduction="none")
    points = ((found_points - wanted_points).abs() / face_size).sum((1, 2))
    return {"box": (weight * box).sum(), "keypoints": (weight * points).sum()}
