"""A file that is written piece by piece and appears under its name only when it is whole."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from kilomark.errors import InvalidInputError
from kilomark.whole_files import open_whole

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

__all__ = ["OutputFile"]


class OutputFile:
    """`kilomark.whole_files.open_whole` with methods in place of a block.

    Raises:
        InvalidInputError: the file cannot be made.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._opened = open_whole(self.path)
        self._is_open = True
        with self.errors():
            self.stream: IO[bytes] = self._opened.__enter__()

    def finish(self) -> None:
        """Put the file on the disk and give it its name.

        Raises:
            InvalidInputError: the disk is full or not writable; what was written is removed.
        """
        if self._is_open:
            self._is_open = False
            with self.errors():
                self._opened.__exit__(None, None, None)

    def discard(self) -> None:
        """Remove what was written. After `finish`, do nothing."""
        if self._is_open:
            self._is_open = False
            with suppress(_DiscardedError, OSError):  # a full disk cannot even be flushed to
                self._opened.__exit__(_DiscardedError, _DiscardedError(), None)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Translate what the operating system raises while this file is written."""
        try:
            yield
        except OSError as error:
            reason = error.strerror or error
            raise InvalidInputError(f"{self.path} cannot be written: {reason}") from error


class _DiscardedError(Exception):
    """Tells `open_whole` to drop the file."""
