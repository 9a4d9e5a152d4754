"""What landmark networks are trained to minimise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from kilomark.networks.landmark_head import LandmarkOutput

KNEE = 0.01  # of the crop's side: errors below it count quadratically

SPREAD_WEIGHT = 0.01
PRESENCE_WEIGHT = 0.05


def smooth_l1(landmarks: Tensor, target: Tensor) -> Tensor:
    """Mean smooth L1 error over (N, K, 2), in units of the knee."""
    return torch.nn.functional.smooth_l1_loss(landmarks / KNEE, target / KNEE)


def spread_likelihood(log_spread: Tensor, errors: Tensor) -> Tensor:
    """Negative log-likelihood of errors under an exponential law whose mean is the spread.

    The best spread under this loss is the expected error itself. ``errors`` (N, K) carry no
    gradient, so the landmarks are not traded for an easier likelihood.
    """
    return (log_spread + errors.detach() * torch.exp(-log_spread)).mean()


def landmark_loss(
    output: LandmarkOutput, target: Tensor, presence: Tensor
) -> tuple[Tensor, dict[str, float]]:
    """Landmarks and spread where there is a face, presence everywhere.

    Args:
        output: what the network said of N crops.
        target: (N, K, 2) fractions of the crop's side.
        presence: (N,) 1 where there is a face.
    """
    has_face = presence > 0.5
    landmarks, target = output.landmarks[has_face], target[has_face]
    errors = torch.linalg.vector_norm(landmarks - target, dim=-1)
    location = smooth_l1(landmarks, target)
    spread = spread_likelihood(output.log_spread[has_face].clamp(-9, 2), errors)
    present = torch.nn.functional.binary_cross_entropy_with_logits(output.presence_logit, presence)
    loss = location + SPREAD_WEIGHT * spread + PRESENCE_WEIGHT * present
    return loss, {
        "location": location.item(),
        "spread": spread.item(),
        "presence": present.item(),
    }
