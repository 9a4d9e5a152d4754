"""The optimizer: torch's own, with a rate and a weight decay for each kind of parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from kilomark.training.settings import Settings

__all__ = ["make_optimizer"]


def make_optimizer(network: nn.Module, settings: Settings) -> torch.optim.Optimizer:
    """Weight decay on matrices only; the trunk at its own rate; frozen parameters not at all."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        rate = settings.trunk_rate if name.startswith("trunk.") else 1.0
        decay = settings.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    kinds: dict[str, Callable[..., torch.optim.Optimizer]] = {
        "adamw": torch.optim.AdamW,
        "radam": torch.optim.RAdam,
    }
    return kinds[settings.optimizer](
        [
            {
                "params": parameters,
                "lr": settings.learning_rate * rate,
                "rate": rate,
                "weight_decay": decay,
            }
            for (rate, decay), parameters in groups.items()
        ]
    )
