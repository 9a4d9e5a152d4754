"""A file that is written piece by piece and appears under its name only when it is whole."""

from __future__ import annotations

import os
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["UNFINISHED_SUFFIX", "OutputFile"]

UNFINISHED_SUFFIX = ".unfinished"


class OutputFile:
    """Writes beside ``path`` and renames at the end, so that no reader sees half a file.

    Raises:
        InvalidInputError: the file cannot be made.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._aside = self.path.with_name(
            f".{self.path.name}.{uuid.uuid4().hex[:8]}{UNFINISHED_SUFFIX}"
        )
        self._is_open = True
        with self.errors():
            self.stream: BinaryIO = self._aside.open("xb")

    def finish(self) -> None:
        """Put the file on the disk and give it its name.

        Raises:
            InvalidInputError: the disk is full or not writable; what was written is removed.
        """
        if not self._is_open:
            return
        try:
            with self.errors():
                self.stream.flush()
                os.fsync(self.stream.fileno())
                self.stream.close()
                self._aside.replace(self.path)
            self._is_open = False
        finally:
            self.discard()

    def discard(self) -> None:
        """Remove what was written. After `finish`, do nothing."""
        if self._is_open:
            self._is_open = False
            with suppress(OSError):  # the disk may be full; nothing of this file is kept
                self.stream.close()
            self._aside.unlink(missing_ok=True)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Translate what the operating system raises while this file is written."""
        try:
            yield
        except OSError as error:
            reason = error.strerror or error
            raise InvalidInputError(f"{self.path} cannot be written: {reason}") from error
