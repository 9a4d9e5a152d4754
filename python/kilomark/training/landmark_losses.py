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
    """Smooth L1 error of each of (N, K, 2) coordinates, in units of the knee."""
    return torch.nn.functional.smooth_l1_loss(landmarks / KNEE, target / KNEE, reduction="none")


def spread_likelihood(log_spread: Tensor, errors: Tensor) -> Tensor:
    """Negative log-likelihood of each of (N, K) errors under an exponential law.

    The law's mean is the spread, so that the best spread is the expected error itself. The errors
    carry no gradient: landmarks are not traded for an easier likelihood.
    """
    return log_spread + errors.detach() * torch.exp(-log_spread)


def landmark_loss(
    output: LandmarkOutput, target: Tensor, presence: Tensor
) -> tuple[Tensor, dict[str, float]]:
    """Landmarks and spread where there is a face, presence everywhere.

    Args:
        output: what the network said of N crops.
        target: (N, K, 2) fractions of the crop's side.
        presence: (N,) 1 where there is a face.
    """
    errors = torch.linalg.vector_norm(output.landmarks - target, dim=-1)
    # A batch may hold no face at all, and is worth its presence then.
    share = presence / presence.sum().clamp(min=1)
    location = (smooth_l1(output.landmarks, target).mean((1, 2)) * share).sum()
    spread = (spread_likelihood(output.log_spread.clamp(-9, 2), errors).mean(1) * share).sum()
    present = torch.nn.functional.binary_cross_entropy_with_logits(output.presence_logit, presence)
    loss = location + SPREAD_WEIGHT * spread + PRESENCE_WEIGHT * present
    return loss, {
        "location": location.item(),
        "spread": spread.item(),
        "presence": present.item(),
    }
