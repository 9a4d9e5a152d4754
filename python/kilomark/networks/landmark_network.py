"""A landmark network: a trunk that sees, and a head that says where the landmarks are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from kilomark.networks.baseline_head import BaselineHead
    from kilomark.networks.landmark_head import CompactHead, LandmarkOutput

HeadName = Literal["compact", "baseline"]


class LandmarkNetwork(nn.Module):
    """Trunk and head; the trunk brings H x W down to H/16 x W/16 features."""

    def __init__(self, trunk: nn.Module, head: CompactHead | BaselineHead) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = head

    def forward(self, images: Tensor) -> LandmarkOutput:
        """Read (N, 3, H, W) normalized RGB crops; H and W are multiples of 16."""
        features = self.trunk(images)
        if features.dtype == torch.float32:
            output: LandmarkOutput = self.head(features)
        else:  # bfloat16 rounds coordinates to a quarter of a pixel
            with torch.autocast(features.device.type, enabled=False):
                output = self.head(features.float())
        return output
