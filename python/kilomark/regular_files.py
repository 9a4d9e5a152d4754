"""Reading files that other people name: a pipe, a device or an endless file is refused at once."""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from kilomark.system import BINARY_FLAGS, NEVER_WAITING_FLAGS

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["open_regular", "read_regular"]


@contextmanager
def open_regular(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a regular file, or a link to one, for reading.

    Raises:
        OSError: it cannot be opened, or is a pipe, a socket, a device or a folder.
        ValueError: the path holds a NUL.
    """
    descriptor = os.open(path, os.O_RDONLY | NEVER_WAITING_FLAGS | BINARY_FLAGS)
    with os.fdopen(_checked(descriptor, path), "rb") as file:
        yield file


def read_regular(path: str | os.PathLike[str], *, at_most_bytes: int) -> bytes:
    """Read a regular file, or a link to one, whose size is checked before it is read.

    Raises:
        OSError: it cannot be read, is not a regular file, or is larger than ``at_most_bytes``.
        ValueError: the path holds a NUL.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        content = file.read(at_most_bytes + 1) if size <= at_most_bytes else b""
    if size > at_most_bytes or len(content) > at_most_bytes:  # it may have grown meanwhile
        found = max(size, len(content))
        reason = f"it holds {found} bytes; expected at most {at_most_bytes}"
        raise OSError(errno.EFBIG, reason, os.fspath(path))
    return content


def _checked(descriptor: int, path: str | os.PathLike[str]) -> int:
    """Return the descriptor of a regular file; close that of anything else."""
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
        if not stat.S_ISREG(mode):
            kind = "a pipe" if stat.S_ISFIFO(mode) else "a device or a socket"
            raise OSError(errno.EINVAL, f"it is {kind}; expected a regular file", os.fspath(path))
        if sys.platform != "win32":
            os.set_blocking(descriptor, True)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
