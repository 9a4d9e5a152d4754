"""ImageNet normalisation, in units of 0..255 as manifests state it."""

from __future__ import annotations

import torch
from torch import Tensor

MEAN = (123.675, 116.28, 103.53)  # red, green, blue
STD = (58.395, 57.12, 57.375)


def normalise(images: Tensor) -> Tensor:
    """(N, H, W, 3) uint8 RGB -> (N, 3, H, W) float32, channels last in memory."""
    mean = torch.tensor(MEAN, device=images.device)
    std = torch.tensor(STD, device=images.device)
    return ((images.float() - mean) / std).permute(0, 3, 1, 2)
