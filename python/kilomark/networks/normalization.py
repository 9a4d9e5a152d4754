"""ImageNet normalization of images."""

from __future__ import annotations

import torch
from torch import Tensor

from kilomark.network_inputs import MEAN, STD

__all__ = ["normalize"]


def normalize(images: Tensor) -> Tensor:
    """(N, H, W, 3) uint8 RGB -> (N, 3, H, W) float32, channels last in memory."""
    mean = torch.tensor(MEAN, device=images.device)
    std = torch.tensor(STD, device=images.device)
    return ((images.float() - mean) / std).permute(0, 3, 1, 2)
