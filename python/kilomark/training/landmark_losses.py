"""What landmark networks are trained to minimize."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from kilomark.networks.landmark_head import LandmarkOutput
    from kilomark.training.distillation import Lesson
    from kilomark.training.settings import LocationLoss

__all__ = [
    "LOCATION_LOSSES",
    "WING_CURVATURE",
    "WING_WIDTH",
    "landmark_loss",
    "smooth_l1",
    "spread_likelihood",
    "squared",
    "wing",
]

KNEE = 0.01  # of the crop's side: errors below it count quadratically
WING_WIDTH = 0.04  # of the crop's side, 5 px of 128: errors below it count logarithmically
WING_CURVATURE = WING_WIDTH / 5  # the ratio of the paper
BASELINE_CROP_PX = 128  # the baseline's loss, and its result, are squared pixels of such a crop

SPREAD_WEIGHT = 0.01
DEPTH_WEIGHT = 0.2
LID_WEIGHT = 0.35
PRESENCE_WEIGHT = 0.05


def smooth_l1(landmarks: Tensor, target: Tensor) -> Tensor:
    """Smooth L1 error of each of (N, K, 2) coordinates, in units of the knee."""
    return torch.nn.functional.smooth_l1_loss(landmarks / KNEE, target / KNEE, reduction="none")


def squared(landmarks: Tensor, target: Tensor) -> Tensor:
    """Squared error of each of (N, K, 2) coordinates, in pixels of the baseline's crop: its MSE."""
    return ((landmarks - target) * BASELINE_CROP_PX) ** 2


def wing(landmarks: Tensor, target: Tensor) -> Tensor:
    """Wing loss of each of (N, K, 2) coordinates, in units of the knee.

    Feng et al., "Wing Loss for Robust Facial Landmark Localisation with Convolutional Neural
    Networks", CVPR 2018: w ln(1 + |x| / epsilon) up to w, then |x| - C, which joins on.
    """
    error = (landmarks - target).abs()
    joint = WING_WIDTH - WING_WIDTH * math.log1p(WING_WIDTH / WING_CURVATURE)
    near = WING_WIDTH * torch.log1p(error / WING_CURVATURE)
    return torch.where(error < WING_WIDTH, near, error - joint) / KNEE


LOCATION_LOSSES: dict[LocationLoss, Callable[[Tensor, Tensor], Tensor]] = {
    "smooth_l1": smooth_l1,
    "mse": squared,
    "wing": wing,
}


def spread_likelihood(log_spread: Tensor, errors: Tensor) -> Tensor:
    """Negative log-likelihood of each of (N, K) errors under an exponential law.

    The law's mean is the spread, so that the best spread is the expected error itself. The errors
    carry no gradient: landmarks are not traded for an easier likelihood.
    """
    return log_spread + errors.detach() * torch.exp(-log_spread)


def landmark_loss(
    output: LandmarkOutput,
    target: Tensor,
    presence: Tensor,
    *,
    location: LocationLoss = "smooth_l1",
    num_faces: Tensor | None = None,
    lesson: Lesson | None = None,
    depth: Tensor | None = None,
    weight: Tensor | None = None,
    lid_pairs: Tensor | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Landmarks, depth and spread where there is a face, presence everywhere.

    Args:
        output: outputs of the network for N crops.
        target: (N, K, 2) fractions of the crop's side.
        presence: (N,) 1 where there is a face.
        location: loss of the landmarks.
        num_faces: divisor of sums over faces, if not the number of faces here: a
            batch that is computed in parts has the mean over its parts.
        lesson: what a teacher says of the same crops; its landmarks are learned by the same
            measure. The spread is the error against the labels all the same.
        depth: (N, K) fractions of the crop's side; NaN where it is not known.
        weight: (N, K) weight of each landmark; 1 by default.
        lid_pairs: (P, 2) landmarks of lower and upper lids that face each other: their difference
            is learned too, or small networks smooth closing lids away.
    """
    if num_faces is None:  # a batch may hold no face at all, and is worth its presence then
        num_faces = presence.sum().clamp(min=1)
    errors = torch.linalg.vector_norm(output.landmarks - target, dim=-1)
    measure = LOCATION_LOSSES[location]
    weight = torch.ones_like(errors) if weight is None else weight
    located = (measure(output.landmarks, target) * weight[..., None]).mean((1, 2))
    if lesson is not None:
        taught = (measure(output.landmarks, lesson.landmarks) * weight[..., None]).mean((1, 2))
        located = torch.lerp(located, taught, lesson.weight)
    spread = spread_likelihood(output.log_spread.clamp(-9, 2), errors).mean(1)
    parts = {
        "location": (located * presence).sum() / num_faces,
        "spread": (spread * presence).sum() / num_faces,
        "presence": torch.nn.functional.binary_cross_entropy_with_logits(
            output.presence_logit, presence
        ),
    }
    loss = parts["location"] + SPREAD_WEIGHT * parts["spread"] + PRESENCE_WEIGHT * parts["presence"]
    if lid_pairs is not None:
        said, meant = (
            points[:, lid_pairs[:, 0]] - points[:, lid_pairs[:, 1]]
            for points in (output.landmarks, target)
        )
        parts["lids"] = (smooth_l1(said, meant).mean((1, 2)) * presence).sum() / num_faces
        loss = loss + LID_WEIGHT * parts["lids"]
    if output.depth is None:
        pass
    elif depth is None:  # every parameter has a gradient, as distributed training requires
        loss = loss + 0 * output.depth.sum()
    else:
        is_known = presence * depth.isfinite().all(1)
        apart = smooth_l1(output.depth, depth.nan_to_num()).mean(1)
        parts["depth"] = (apart * is_known).sum() / num_faces
        loss = loss + DEPTH_WEIGHT * parts["depth"]
    return loss, {name: value.detach() for name, value in parts.items()}
