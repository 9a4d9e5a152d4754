"""A contest's ``landmarks.csv`` in memory-mapped form, read as text only when the file changes."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from tqdm import tqdm

from kilomark.cache_folder import user_cache_folder
from kilomark.errors import InvalidInputError
from kilomark.system import lock_file, lock_file_at_once

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kilomark.contest.rows import BrokenCell

__all__ = ["ContestTable", "read_contest_table"]

log = logging.getLogger(__name__)

_CACHE_VERSION = 1
_HASHED_BYTES = 1 << 20  # of the file's beginning, and of its end


@dataclass(frozen=True, slots=True, eq=False)
class ContestTable:
    """The rows of ``landmarks.csv``, in the order of the file.

    Attributes:
        file_names: N names of images.
        persons: N names of persons, or None where no column says who.
        landmarks: (N, K, 2) float32 pixels of the photo, memory-mapped.
        folder: of the cache.
    """

    folder: Path
    file_names: tuple[str, ...]
    persons: tuple[str, ...] | None
    landmarks: np.ndarray[Any, Any]

    def __len__(self) -> int:
        return len(self.file_names)

    def __reduce__(self) -> tuple[Any, ...]:
        # A worker that is not forked maps the file itself instead of being sent gigabytes.
        return _map, (self.folder,)


def read_contest_table(path: Path, cache_dir: Path | None = None) -> ContestTable:
    """Read ``landmarks.csv``; the second call only maps the cache.

    The cache belongs to the file's path and is made again if the file's size, modification time,
    first or last MiB change; the old one is deleted. Of several processes that need it at once,
    one makes it and the others wait.

    Raises:
        InvalidInputError: the file is missing, a row of it is broken (the message names line and
            column), or the cache cannot be written.
    """
    fingerprint = _fingerprint(path)
    root = cache_dir or user_cache_folder()
    owner = "contest-" + hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:16]
    folder = root / f"{owner}-{fingerprint}"
    table = _map(folder)
    if table is not None:
        return table
    try:
        root.mkdir(parents=True, exist_ok=True)
        with _locked(root / f"{owner}.lock"):
            if (table := _map(folder)) is None:
                for outdated in root.glob(f"{owner}-*"):  # whoever has it mapped keeps it
                    shutil.rmtree(outdated, ignore_errors=True)
                _write(path, folder)
                table = _map(folder)
    except OSError as error:
        raise InvalidInputError(
            f"the cache of {path} cannot be written to {root}: {error.strerror}; expected room "
            f"for {path.stat().st_size >> 20} MiB: make some, or name another folder by --cache"
        ) from error
    assert table is not None  # it was written just now
    return table


def _fingerprint(path: Path) -> str:
    """Identify the file's content by its size, its time, its beginning and its end."""
    try:
        status = path.stat()
        digest = hashlib.sha256(
            f"{_CACHE_VERSION} {status.st_size} {status.st_mtime_ns}\n".encode()
        )
        with path.open("rb") as file:
            digest.update(file.read(_HASHED_BYTES))
            file.seek(max(0, status.st_size - _HASHED_BYTES))
            digest.update(file.read(_HASHED_BYTES))
    except OSError as error:
        raise InvalidInputError(
            f"{path} cannot be read ({error.strerror}); expected the landmarks of a data set in "
            "the contest's layout: train/images and train/landmarks.csv"
        ) from error
    return digest.hexdigest()[:16]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        if not lock_file_at_once(file.fileno()):
            log.info("waiting for another process that reads the same landmarks")
            lock_file(file.fileno())
        yield


def _map(folder: Path) -> ContestTable | None:
    """Map a finished cache; None if there is none, or a file of it was cut short."""
    try:
        index = json.loads((folder / "index.json").read_text())
        shape = tuple(index["shape"])
        landmarks = np.memmap(folder / "landmarks.f32", np.float32, "r", shape=shape)
        file_names = _read_names(folder / "file_names.txt")
        persons = _read_names(folder / "persons.txt") if index["has_persons"] else None
    except (OSError, ValueError):
        return None
    if len(file_names) != shape[0] or (persons is not None and len(persons) != shape[0]):
        return None
    return ContestTable(folder, file_names, persons, landmarks)


def _read_names(path: Path) -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8").split("\n")[:-1])


def _write(path: Path, folder: Path) -> None:
    """Write the cache beside its place and move it there whole."""
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}.tmp")
    unfinished.mkdir()
    try:
        _write_files(path, unfinished)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _write_files(path: Path, folder: Path) -> None:
    from kilomark.contest.rows import read_header, read_row_blocks  # Arrow

    def refuse(broken: BrokenCell) -> NoReturn:
        raise InvalidInputError(
            f"{path}: {broken}: mend or delete the line; 'kilomark data check' lists all of them"
        )

    header = read_header(path)
    rows = 0
    with (
        (folder / "landmarks.f32").open("wb") as landmarks,
        (folder / "file_names.txt").open("w", encoding="utf-8", newline="") as file_names,
        (folder / "persons.txt").open("w", encoding="utf-8", newline="") as persons,
        tqdm(
            total=path.stat().st_size, desc=f"reading {path.name}", unit="B", unit_scale=True,
            disable=None,
        ) as bar,
    ):  # fmt: skip
        for block in read_row_blocks(path, header, refuse):
            # Written, not mapped: a disk that fills up is an error then, and not a signal.
            landmarks.write(block.landmarks.data)
            file_names.writelines(f"{name}\n" for name in block.file_names)
            persons.writelines(f"{name}\n" for name in block.persons or ())
            rows += len(block.file_names)
            bar.update(block.end_byte - bar.n)
        for file in (landmarks, file_names, persons):
            file.flush()
            os.fsync(file.fileno())
    if rows == 0:
        raise InvalidInputError(f"{path} holds a header and no rows; expected one row an image")
    index = {"shape": [rows, header.num_landmarks, 2], "has_persons": header.person is not None}
    (folder / "index.json").write_text(json.dumps(index))
