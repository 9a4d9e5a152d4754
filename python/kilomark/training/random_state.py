"""The state of every random generator that a step may draw from, as a checkpoint holds it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["capture_generators", "restore_generators", "seed_generators"]


def seed_generators(seed: int, rank: int) -> None:
    """Seed the generators of Python, numpy and torch, differently on each process."""
    first, second, third = np.random.SeedSequence([seed, rank]).generate_state(3).tolist()
    torch.manual_seed(first)
    np.random.seed(second)  # noqa: NPY002
    random.seed(third)


def capture_generators(device: torch.device) -> dict[str, Any]:
    """Return the states of this process's generators, in types that need no code to read."""
    name, keys, *position = np.random.get_state(legacy=True)  # noqa: NPY002
    state = {
        "torch": torch.get_rng_state(),
        "numpy": [name, torch.from_numpy(np.asarray(keys).astype(np.int64)), *position],
        "python": random.getstate(),
    }
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def restore_generators(state: Mapping[str, Any], device: torch.device) -> None:
    """Set this process's generators to captured states."""
    torch.set_rng_state(state["torch"])
    name, keys, *position = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *position))  # noqa: NPY002
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)
