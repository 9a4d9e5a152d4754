"""Where `kilomark predict --json` writes: JSON Lines as it goes, or one document at the end."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from kilomark._core import build_info
from kilomark.errors import InvalidInputError
from kilomark.json_text import to_json
from kilomark.sinks.output_file import OutputFile
from kilomark.system import BINARY_FLAGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kilomark.photos.report import PhotoReport
    from kilomark.topology import Topology

__all__ = ["TO_STDOUT", "PhotoWriter", "open_photo_json"]

TO_STDOUT = Path("-")
LINE_BEGIN = b'{"photo"'
LONGEST_LINE_BYTES = 64 << 20
"""A line without an end that is longer than this was not written here."""


class PhotoWriter(Protocol):
    """Takes the reports of photos, one after another."""

    def write(self, report: PhotoReport) -> None:
        """Write what is known of a photo."""


@contextmanager
def open_photo_json(path: Path | None, topology: Topology) -> Iterator[PhotoWriter]:
    """Open the target of ``--json``.

    Args:
        path: ``-`` for JSON Lines on the standard output; a file that ends in .jsonl, which JSON
            Lines are appended to; another file, which becomes one document; None for nothing.
        topology: of the network.

    Raises:
        InvalidInputError: the file cannot be written.
    """
    if path is None:
        yield _Nothing()
    elif path == TO_STDOUT:
        yield _StandardOutput()
    elif path.suffix == ".jsonl":
        lines = _AppendedFile(path)
        try:
            yield lines
        finally:
            lines.close()
    else:
        file = OutputFile(path)
        try:
            document = _Document(file, topology)
            yield document
            document.end()
        finally:
            file.discard()


class _Nothing:
    def write(self, report: PhotoReport) -> None:
        """Write nothing."""


class _StandardOutput:
    def write(self, report: PhotoReport) -> None:
        sys.stdout.write(to_json(report.to_dict()) + "\n")
        sys.stdout.flush()


class _Document:
    """One JSON object, written piece by piece."""

    def __init__(self, file: OutputFile, topology: Topology) -> None:
        self._file = file
        self._separator = ""
        head = {
            "kilomark": build_info()["version"],
            "num_landmarks": topology.num_landmarks,
            "groups": [asdict(group) for group in topology.groups.values()],
        }
        self._add(to_json(head)[:-1] + ', "photos": [')

    def write(self, report: PhotoReport) -> None:
        self._add(self._separator + to_json(report.to_dict()))
        self._separator = ",\n"

    def end(self) -> None:
        self._add("]}\n")
        self._file.finish()

    def _add(self, text: str) -> None:
        with self._file.errors():
            self._file.stream.write(text.encode())


class _AppendedFile:
    """A file that lines are appended to, each with one call; a line that fails leaves no trace."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with _errors(path):
            flags = os.O_RDWR | os.O_CREAT | BINARY_FLAGS
            self._descriptor = os.open(path, flags, 0o666)
            try:
                self._end = _mend_end(self._descriptor)
            except BaseException:
                os.close(self._descriptor)
                raise

    def close(self) -> None:
        os.close(self._descriptor)

    def write(self, report: PhotoReport) -> None:
        line = to_json(report.to_dict()).encode() + b"\n"
        with _errors(self._path):
            try:
                _write_at(self._descriptor, line, self._end)
            except OSError:
                os.ftruncate(self._descriptor, self._end)
                raise
        self._end += len(line)


def _write_at(descriptor: int, content: bytes, position: int) -> None:
    os.lseek(descriptor, position, os.SEEK_SET)
    written = 0
    while written < len(content):
        written += os.write(descriptor, content[written:])


def _mend_end(descriptor: int) -> int:
    """Cut off the line that a killed process left half-written; return where the file ends."""
    size = os.fstat(descriptor).st_size
    begin = max(0, size - LONGEST_LINE_BYTES)
    os.lseek(descriptor, begin, os.SEEK_SET)
    tail = os.read(descriptor, size - begin)
    last_line = tail[tail.rfind(b"\n") + 1 :]
    if not last_line:
        return size
    if last_line.startswith(LINE_BEGIN):
        os.ftruncate(descriptor, size - len(last_line))
        return size - len(last_line)
    _write_at(descriptor, b"\n", size)  # somebody else's line
    return size + 1


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be written: {error.strerror or error}") from error
