"""Averaged weights alone, for another training to start from: no optimizer, half the bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import save

from kilomark.errors import InvalidInputError
from kilomark.training.checkpoints import read_checkpoint, read_newest_checkpoint
from kilomark.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

__all__ = ["read_run_or_checkpoint", "write_weights"]


def write_weights(state: Mapping[str, Any], path: Path, *, half: bool = False) -> None:
    """Write a checkpoint's averaged weights as a ``.safetensors`` file, atomically.

    Args:
        state: a checkpoint's.
        path: of the file.
        half: store matrices and convolutions in half precision, which rounds them by at most
            0.05 %. Biases and the batch norms' numbers stay as they are: they are few, and a
            variance may lie outside of the range of half precision.
    """
    weights = {name: _stored(value, half=half) for name, value in state["averaged"].items()}
    metadata = {
        "writer": "kilomark weights",
        "network": str(state.get("recipe", {}).get("network", "")),
        "samples_seen": str(state["samples_seen"]),
    }
    write_whole(path, save(weights, metadata))


def _stored(value: Tensor, *, half: bool) -> Tensor:
    if half and value.is_floating_point() and value.ndim > 1:
        halved = value.to(torch.float16)
        if torch.isfinite(halved).all():
            value = halved
    return value.contiguous()


def read_run_or_checkpoint(path: Path) -> dict[str, Any]:
    """Read one checkpoint, or the newest whole one of a run's folder.

    Raises:
        InvalidInputError: there is none, or it is damaged.
    """
    if not path.exists():
        raise InvalidInputError(
            f"there is no {path}; expected the folder that 'kilomark train' wrote, or a checkpoint"
        )
    if not path.is_dir():
        return read_checkpoint(path)
    found = read_newest_checkpoint(path)
    if found is None:
        raise InvalidInputError(
            f"{path} holds no checkpoint; expected the folder that 'kilomark train' wrote"
        )
    return found[1]
