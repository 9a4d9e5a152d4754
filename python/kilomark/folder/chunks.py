"""Chunks: the files of a run's output, each for a range of the run's photos.

A chunk's name says its range, so the names in a folder say which photos are done.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kilomark.folder.photos import Shard

__all__ = ["Chunk", "chunk_name", "finished_chunks", "remaining_chunks"]

NAME = re.compile(r"faces-(?:(\d+)of(\d+)-)?(\d{9,})-(\d{9,})\.(\w+)")


@dataclass(frozen=True, slots=True, order=True)
class Chunk:
    """The photos from ``begin`` to before ``end`` of the run's list."""

    begin: int
    end: int

    def __len__(self) -> int:
        return self.end - self.begin


def chunk_name(chunk: Chunk, shard: Shard, suffix: str) -> str:
    """Name the file of a chunk, such as ``faces-000000000-000001023.parquet``."""
    part = "" if shard.count == 1 else f"{shard.number}of{shard.count}-"
    return f"faces-{part}{chunk.begin:09d}-{chunk.end - 1:09d}.{suffix}"


def finished_chunks(names: Iterable[str], shard: Shard, suffix: str) -> list[Chunk]:
    """Return the chunks of a shard among the names of files, in order.

    Raises:
        InvalidInputError: two of them overlap, so they are not of one run.
    """
    chunks = []
    for name in names:
        match = NAME.fullmatch(name)
        if match is None or match[5] != suffix:
            continue
        if (int(match[1] or 1), int(match[2] or 1)) == (shard.number, shard.count):
            chunks.append(Chunk(int(match[3]), int(match[4]) + 1))
    chunks.sort()
    for before, after in itertools.pairwise(chunks):
        if after.begin < before.end:
            raise InvalidInputError(
                f"{chunk_name(before, shard, suffix)} and {chunk_name(after, shard, suffix)} hold "
                "the same photos; expected the files of one run: remove one of the two"
            )
    return chunks


def remaining_chunks(
    finished: Iterable[Chunk], num_photos: int, photos_per_chunk: int
) -> Iterator[Chunk]:
    """Yield chunks for the photos that no finished chunk holds, in order."""
    begin = 0
    for chunk in (*finished, Chunk(num_photos, num_photos)):
        while begin < chunk.begin:
            end = min(begin + photos_per_chunk, chunk.begin)
            yield Chunk(begin, end)
            begin = end
        begin = max(begin, chunk.end)
