"""What the eye network is trained to minimize."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from kilomark.networks.eye_network import EyeOutput

__all__ = ["eye_loss"]

LANDMARK_KNEE_PX = 0.7  # of smooth L1: errors below it count quadratically
GAP_KNEE_PX = 0.5
IRIS_WEIGHT = 0.7
GAP_WEIGHT = 0.8  # lids that close are few and small, and a mean of landmarks forgets them
SPREAD_WEIGHT = 0.02


def eye_loss(
    output: EyeOutput, target: Tensor, num_lid: int, num_eyes: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """Landmarks, gaps between the lids, and the spread as the error's expected size.

    Args:
        output: of the network for N crops.
        target: (N, K, 2) pixels of the crop.
        num_lid: how many landmarks are lids.
        num_eyes: divisor of sums over eyes.
    """
    weight = torch.ones(target.shape[1], device=target.device)
    weight[num_lid:] = IRIS_WEIGHT
    smooth = torch.nn.functional.smooth_l1_loss
    apart = smooth(output.landmarks, target, beta=LANDMARK_KNEE_PX, reduction="none").mean(-1)
    lower = torch.arange(1, num_lid // 2, device=target.device)
    said, meant = (
        points[:, num_lid - lower] - points[:, lower] for points in (output.landmarks, target)
    )
    gaps = smooth(said, meant, beta=GAP_KNEE_PX, reduction="none").mean((1, 2))
    errors = torch.linalg.vector_norm(output.landmarks - target, dim=-1).detach()
    spread = (errors / output.spread + torch.log(output.spread)).mean(1)
    parts = {
        "location": (apart * weight).mean(1).sum() / num_eyes,
        "gaps": gaps.sum() / num_eyes,
        "spread": spread.sum() / num_eyes,
    }
    loss = parts["location"] + GAP_WEIGHT * parts["gaps"] + SPREAD_WEIGHT * parts["spread"]
    return loss, {name: value.detach() for name, value in parts.items()}
