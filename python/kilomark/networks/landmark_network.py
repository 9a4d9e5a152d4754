"""A landmark network: a trunk that sees, and a head that says where the landmarks are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Collection

    from kilomark.networks.baseline_head import BaselineHead
    from kilomark.networks.landmark_head import CompactHead, LandmarkOutput

__all__ = ["HeadName", "LandmarkNetwork", "drop_missing_parts"]

OPTIONAL_PARTS = ("depth", "detail", "presence")  # of a head; older runs and bundles lack some

HeadName = Literal["compact", "baseline"]


class LandmarkNetwork(nn.Module):
    """Trunk and head; the trunk brings H x W down to H/16 x W/16 features.

    Args:
        trunk: stages that follow one another.
        head: reads what the last stage gives.
        detail_stage: name of the stage whose features, at H/8 x W/8, the head reads too.
    """

    def __init__(
        self, trunk: nn.Module, head: CompactHead | BaselineHead, *, detail_stage: str | None = None
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = head
        self.detail_stage = detail_stage

    def forward(self, images: Tensor) -> LandmarkOutput:
        """Read (N, 3, H, W) normalized RGB crops; H and W are multiples of 16."""
        features, detail = images, None
        for name, stage in self.trunk.named_children():
            features = stage(features)
            if name == self.detail_stage:
                detail = features
        if features.dtype == torch.float32:
            output: LandmarkOutput = self.head(features, detail)
        else:  # bfloat16 rounds coordinates to a quarter of a pixel
            with torch.autocast(features.device.type, enabled=False):
                output = self.head(features.float(), None if detail is None else detail.float())
        return output


def drop_missing_parts(network: LandmarkNetwork, names: Collection[str]) -> None:
    """Take off the optional parts of a head that a checkpoint, its parameters' ``names``, lacks."""
    for part in OPTIONAL_PARTS:
        is_there = getattr(network.head, part, None) is not None
        if is_there and not any(name.startswith(f"head.{part}.") for name in names):
            setattr(network.head, part, None)
            if part == "detail":
                del network.head.detail_coefficients
