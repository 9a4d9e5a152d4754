"""Checkpoints that survive interruption: written aside, synced, renamed, the last few kept."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import torch

from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    from pathlib import Path

_PATTERN = "checkpoint-*.pt"


def write_checkpoint(folder: Path, samples_seen: int, state: dict[str, Any], *, keep: int) -> Path:
    """Write ``state`` atomically and delete all but the newest ``keep`` checkpoints.

    Raises:
        OSError: the disk is full or not writable; earlier checkpoints are untouched.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"checkpoint-{samples_seen:012d}.pt"
    unfinished = path.with_suffix(".tmp")
    try:
        with unfinished.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    for old in sorted(folder.glob(_PATTERN))[:-keep]:
        old.unlink()
    return path


def newest_checkpoint(folder: Path) -> Path | None:
    """The checkpoint with the most samples seen, or None."""
    return max(folder.glob(_PATTERN), default=None)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint; nothing in it is executed.

    Raises:
        InvalidInputError: the file is missing, damaged, or no checkpoint of this package.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise InvalidInputError(
            f"cannot read the checkpoint {path} ({error}); expected a file written by "
            "'kilomark train': delete it to go on from the one before"
        ) from error
    if not isinstance(state, dict) or "network" not in state:
        raise InvalidInputError(f"{path} holds no network; expected a kilomark checkpoint")
    return state
