"""What a run remembers in the folder ``_kilomark`` of its output.

Readers of Parquet folders skip names that begin with an underscore.

    run.json             what the run is of; a resumed run must be the same
    photos.jsonl         the photos in their order, one JSON string a line; new ones are appended
    journal.jsonl        the counts of each finished chunk; a lost line is counted again
    lock                 held by the running process

With shards, all but ``run.json`` is there once a shard.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.folder.chunks import Chunk
from kilomark.folder.progress import Counts
from kilomark.system import BINARY_FLAGS, lock_file_at_once
from kilomark.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kilomark.folder.photos import Shard

__all__ = ["RunState", "check_same_run", "merge_names"]


class RunState:
    """The memory of one shard of a run.

    Args:
        out: the folder of the output, which is made.
        shard: the part of the photos that this process works on.

    Raises:
        InvalidInputError: the folder cannot be made.
    """

    def __init__(self, out: Path, shard: Shard) -> None:
        self.out = out
        self._folder = out / "_kilomark"
        part = "" if shard.count == 1 else f"-{shard.number}of{shard.count}"
        self._photos_path = self._folder / f"photos{part}.jsonl"
        self._journal_path = self._folder / f"journal{part}.jsonl"
        self._lock_path = self._folder / f"lock{part}"
        with self._errors():
            self._folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock, which a killed process loses.

        Raises:
            InvalidInputError: another process works on the same shard.
        """
        with self._errors():
            handle = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | BINARY_FLAGS, 0o666)
        try:
            with self._errors():
                is_free = lock_file_at_once(handle)
            if not is_free:
                raise InvalidInputError(
                    f"another process is writing to {self.out}; wait for it, choose another -o, "
                    "or give each process a --shard of its own"
                )
            yield
        finally:
            os.close(handle)

    def check_settings(self, settings: dict[str, Any]) -> None:
        """Record what this run is of, or check that it is what was recorded.

        Raises:
            InvalidInputError: the output is of another run; the message says how it differs.
        """
        path = self._folder / "run.json"
        with self._errors():
            if not path.exists():
                write_whole(path, json.dumps(settings, indent=2) + "\n")
                return
            recorded = _parse(path.read_text(encoding="utf-8"), path)
        check_same_run(recorded, settings, self.out)

    def merge_photos(self, found: list[str]) -> list[str]:
        """Return the photos of the run: those it had, in their order, then new ones.

        Raises:
            InvalidInputError: the list cannot be read or written.
        """
        with self._errors():
            known: list[str] = []
            if self._photos_path.exists():
                lines = self._photos_path.read_text(encoding="ascii").splitlines()
                known = [_parse(line, self._photos_path) for line in lines]
            photos = merge_names(known, found)
            if len(photos) == len(known):
                return known
            write_whole(self._photos_path, "".join(json.dumps(name) + "\n" for name in photos))
        return photos

    def add_to_journal(self, chunk: Chunk, counts: Counts) -> None:
        """Record the counts of a finished chunk."""
        line = json.dumps({"begin": chunk.begin, "end": chunk.end, **asdict(counts)})
        with self._errors(), self._journal_path.open("a", encoding="ascii") as journal:
            journal.write(line + "\n")

    def read_journal(self) -> dict[Chunk, Counts]:
        """Return the counts of the chunks in the journal; lines that are cut off are skipped."""
        counts: dict[Chunk, Counts] = {}
        if not self._journal_path.exists():
            return counts
        with self._errors():
            lines = self._journal_path.read_text(encoding="ascii").splitlines()
        for line in lines:
            with suppress(ValueError, TypeError, KeyError):  # killed while it wrote this line
                values = json.loads(line)
                counts[Chunk(values.pop("begin"), values.pop("end"))] = Counts(**values)
        return counts

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or error
            raise InvalidInputError(
                f"the output folder {self.out} cannot be used: {reason}"
            ) from error


def check_same_run(
    recorded: dict[str, Any], settings: dict[str, Any], out: str | os.PathLike[str]
) -> None:
    """Check that an output is of the run that goes on.

    Raises:
        InvalidInputError: it is not; the message says how it differs.
    """
    for name in {**recorded, **settings}:
        if recorded.get(name) != settings.get(name):
            raise InvalidInputError(
                f"{out} holds a run with {name} = {excerpt(recorded.get(name))}; this one has "
                f"{excerpt(settings.get(name))}; use the same to resume it, or choose another "
                "output"
            )


def merge_names(known: list[str], found: list[str]) -> list[str]:
    """Append new photos, in their order."""
    added = set(found).difference(known)
    return known + [name for name in found if name in added]


def _parse(text: str, path: Path) -> Any:  # noqa: ANN401  # JSON
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidInputError(
            f"{path} is damaged: {error}; remove the output folder, or restore the file"
        ) from error
