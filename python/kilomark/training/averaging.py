"""The running average of a network's weights, which is what is evaluated and exported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import nn

__all__ = ["update_average"]


@torch.no_grad()
def update_average(averaged: nn.Module, network: nn.Module, step: int, decay: float) -> None:
    """Take ``network``, after its ``step``-th step, into the exponential average."""
    # Early on the average must not remember the starting point for long.
    decay = min(decay, (1 + step) / (10 + step))
    new_values = network.state_dict()
    for name, value in averaged.state_dict().items():
        if value.is_floating_point():
            value.lerp_(new_values[name], 1 - decay)
        else:
            value.copy_(new_values[name])
