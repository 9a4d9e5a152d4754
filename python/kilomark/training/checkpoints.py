"""Checkpoints that survive interruption: written aside, synced, renamed, the last few kept."""

from __future__ import annotations

import logging
import pickle
import zipfile
from typing import IO, TYPE_CHECKING, Any

import torch

from kilomark.errors import InvalidInputError
from kilomark.whole_files import open_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "current_recipe",
    "newest_checkpoint",
    "read_checkpoint",
    "read_newest_checkpoint",
    "write_checkpoint",
]

log = logging.getLogger(__name__)

_PATTERN = "checkpoint-*.pt"
_UNFINISHED = ".checkpoint-*.tmp"


class _Recorder:
    """A file that remembers the error of the operating system, which torch's writer drops."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self._file.write(data)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        self._file.flush()


def write_checkpoint(folder: Path, samples_seen: int, state: dict[str, Any], *, keep: int) -> Path:
    """Write ``state`` atomically and delete all but the newest ``keep`` checkpoints.

    The file and then the folder are synced, so that the checkpoint is there after a power cut.

    Raises:
        OSError: the disk is full or not writable; earlier checkpoints are untouched.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for unfinished in folder.glob(_UNFINISHED):  # of a process that was killed
        unfinished.unlink()
    path = folder / f"checkpoint-{samples_seen:012d}.pt"
    with open_whole(path) as file:
        _save(state, file)
    for old in sorted(folder.glob(_PATTERN))[:-keep]:
        old.unlink()
    return path


def _save(state: dict[str, Any], file: IO[bytes]) -> None:
    recorder = _Recorder(file)
    try:
        torch.save(state, recorder)  # type: ignore[arg-type]  # it only writes and flushes
        file.flush()
    except Exception:
        if recorder.error is not None:
            raise recorder.error from None
        raise


def newest_checkpoint(folder: Path) -> Path | None:
    """The checkpoint with the most samples seen, or None."""
    return max(folder.glob(_PATTERN), default=None)


def read_newest_checkpoint(
    folder: Path, *, set_aside: bool = False
) -> tuple[Path, dict[str, Any]] | None:
    """Read the newest checkpoint that is whole, with a warning for each damaged one; or None.

    Args:
        folder: a run's.
        set_aside: rename damaged checkpoints to ``*.damaged``, so that they don't count any more.

    Raises:
        InvalidInputError: all checkpoints are damaged.
    """
    damaged = []
    for path in sorted(folder.glob(_PATTERN), reverse=True):
        try:
            state = read_checkpoint(path)
        except InvalidInputError as error:
            log.warning("%s", error)
            damaged.append(path)
            continue
        if set_aside:
            for other in damaged:
                other.rename(other.with_suffix(".damaged"))
        return path, state
    if damaged:
        raise InvalidInputError(
            f"all {len(damaged)} checkpoints in {folder} are damaged; expected a whole one: start "
            "anew in another folder"
        )
    return None


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint; nothing in it is executed, and its checksums are compared.

    Raises:
        InvalidInputError: the file is missing, damaged, or no checkpoint of this package.
    """
    try:
        with zipfile.ZipFile(path) as archive:  # torch itself does not look at the checksums
            broken = archive.testzip()
        if broken is not None:
            raise zipfile.BadZipFile(f"the checksum of {broken} is wrong")
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        raise InvalidInputError(
            f"cannot read the checkpoint {path} ({error}); expected a file written by "
            "'kilomark train': continue from the one before"
        ) from error
    if not isinstance(state, dict) or "network" not in state:
        raise InvalidInputError(f"{path} holds no network; expected a kilomark checkpoint")
    return state


def current_recipe(saved: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run's recipe under today's names; version 0.1 had two others."""
    recipe = dict(saved)
    if "false_faces" in recipe:
        recipe["hard_negatives"] = recipe.pop("false_faces")
    if recipe.get("head") == "seed":
        recipe["head"] = "baseline"
    return recipe
