"""The photos of a run: of a folder, of a glob pattern, or of a list."""

from __future__ import annotations

import glob
import os
import re
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["PHOTO_SUFFIXES", "PhotoSource", "Shard", "find_photos", "is_pattern"]

PHOTO_SUFFIXES = frozenset(
    (
        *(".avif", ".bmp", ".gif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg"),
        *(".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"),
    )
)
"""What is taken for a photo in a folder; the case of letters does not matter."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Part ``number`` of ``count`` parts of a collection, from 1 on.

    A photo's part depends on its name alone: parts agree even if photos are added meanwhile.
    """

    number: int = 1
    count: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise InvalidInputError(
                f"shard {self.number}/{self.count}; expected i/n with i from 1 to n, such as 3/8"
            )

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Parse ``i/n``.

        Raises:
            InvalidInputError: it is not of this form, or i is not between 1 and n.
        """
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
        if match is None:
            raise InvalidInputError(f"shard {excerpt(text)}; expected i/n, such as 3/8")
        return cls(int(match[1]), int(match[2]))

    def takes(self, name: str) -> bool:
        """Whether the photo of this name belongs to this part."""
        return self.count == 1 or zlib.crc32(os.fsencode(name)) % self.count == self.number - 1


@dataclass(frozen=True, slots=True)
class PhotoSource:
    """Where the photos of a run come from."""

    root: Path
    """The folder that names are relative to."""
    described: str
    """The folder, pattern or list, absolute; a resumed run must have the same."""
    names: list[str]
    """The photos, sorted for a folder or pattern, in its own order for a list; none twice."""

    def path(self, name: str) -> Path:
        """Return the path of the photo of this name."""
        return self.root / name


def find_photos(source: str | os.PathLike[str], shard: Shard | None = None) -> PhotoSource:
    """Find the photos of a folder, a glob pattern or a list.

    Args:
        source: a folder, whose files with one of `PHOTO_SUFFIXES` are taken, subfolders included,
            hidden ones not; a pattern such as ``photos/**/*.jpg``; or a text file with one path on
            each line, ``"-"`` for the standard input.
        shard: the part to take.

    Raises:
        InvalidInputError: there is no such folder or file, or it cannot be read.
    """
    text = os.fspath(source)
    takes = (shard or Shard()).takes
    if Path(text).is_dir():
        names = sorted(name for name in _walk(text) if takes(name))
        return PhotoSource(Path(text), f"folder {Path(text).resolve()}", names)
    here = Path()
    if text != "-" and not Path(text).exists() and is_pattern(text):
        found = set(filter(takes, glob.iglob(text, recursive=True)))  # noqa: PTH207  # absolute too
        names = sorted(name for name in found if not Path(name).is_dir())
        return PhotoSource(here, f"pattern {Path.cwd() / text}", names)
    if Path(text).suffix.lower() in PHOTO_SUFFIXES:
        raise InvalidInputError(
            f"{text} is a single photo; expected a folder, a pattern or a list: "
            f"kilomark predict {text}"
        )
    names = list(dict.fromkeys(name for name in _read_list(text) if takes(name)))
    shown = "standard input" if text == "-" else str(Path(text).resolve())
    return PhotoSource(here, f"list {shown} in {Path.cwd()}", names)


def is_pattern(text: str) -> bool:
    """Whether a path holds characters of a glob pattern."""
    return glob.has_magic(text)


def _walk(folder: str) -> Iterator[str]:
    """Yield the photos of a folder, relative to it. Links to folders are not followed."""

    def fail(error: OSError) -> None:
        raise InvalidInputError(f"{error.filename} cannot be listed: {error.strerror}") from error

    for parent, folders, files in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        relative = Path(parent).relative_to(folder)
        for name in files:
            path = relative / name
            if path.suffix.lower() in PHOTO_SUFFIXES and not name.startswith("."):
                yield str(path)


def _read_list(path: str) -> Iterable[str]:
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise InvalidInputError(
            f"{path} is neither a folder nor a pattern, and cannot be read as a list: "
            f"{error.strerror}"
        ) from error
    if b"\0" in data[:4096]:
        raise InvalidInputError(f"{path} is not text; expected a list with one path a line")
    return (os.fsdecode(line) for line in data.splitlines() if line.strip())
