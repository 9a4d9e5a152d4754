"""Files that are there whole or not at all.

Every writer of this package goes through this file. Bytes go to a temporary file in the same
folder, are synced to the disk, and take the final name in one step. A full disk, a crash or
SIGKILL leaves the old file as it was. After SIGKILL a hidden file ``.NAME.*.tmp`` may remain.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from kilomark.system import BINARY_FLAGS, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["open_whole", "unfinished_files", "write_whole"]

LONGEST_NAME_BYTES = 255
TEMPORARY_SUFFIX_BYTES = len(b"..0123456789abcdef.tmp")


def write_whole(path: str | os.PathLike[str], content: bytes | str) -> None:
    """Write a file in one step; see `open_whole`.

    Args:
        path: the file; its folder exists.
        content: all bytes of the file; text is encoded as UTF-8.

    Raises:
        OSError: the disk is full or the folder cannot be written to; an earlier file is untouched.
    """
    with open_whole(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


@contextmanager
def open_whole(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a file for writing that takes the place of ``path`` when the block ends.

    An existing file keeps its permissions. A symbolic link stays, and its target is replaced.
    A file that is not a regular file, such as ``/dev/stdout`` or a pipe, is written to directly.

    Args:
        path: the file; its folder exists.

    Yields:
        A seekable binary file, except for a pipe or a device.

    Raises:
        OSError: the disk is full or the folder cannot be written to; an earlier file is untouched.
            An exception that leaves the block has the same effect.
    """
    target = Path(os.path.realpath(path))
    old = _stat_writable(target)
    if old is not None and not stat.S_ISREG(old.st_mode):
        with target.open("wb") as file:
            yield file
        return
    unfinished = target.with_name(_temporary_name(target.name))
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | BINARY_FLAGS
    descriptor = os.open(unfinished, flags, 0o666)  # less the umask
    try:
        with os.fdopen(descriptor, "w+b") as file:
            if old is not None:
                _copy_owner_and_mode(file, old)
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise
    _sync_folder(target.parent)


def unfinished_files(path: Path) -> list[Path]:
    """Return the temporary files of ``path`` that killed processes left behind."""
    return sorted(
        other
        for other in path.parent.iterdir()
        if other.name.startswith(f".{path.name}.") and other.name.endswith(".tmp")
    )


def _stat_writable(target: Path) -> os.stat_result | None:
    """Return the state of an existing file; a read-only one is refused, as `open` refuses it."""
    try:
        old = target.stat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(old.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))
    return old


def _temporary_name(name: str) -> str:
    room = LONGEST_NAME_BYTES - TEMPORARY_SUFFIX_BYTES
    shortened = os.fsdecode(os.fsencode(name)[:room])
    return f".{shortened}.{secrets.token_hex(8)}.tmp"


def _copy_owner_and_mode(file: IO[bytes], old: os.stat_result) -> None:
    if sys.platform == "win32":  # it has neither
        return
    with suppress(OSError):  # only root may give files away
        os.fchown(file.fileno(), old.st_uid, old.st_gid)
    with suppress(OSError):  # some network file systems have no modes
        os.fchmod(file.fileno(), stat.S_IMODE(old.st_mode))


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut; not every file system can."""
    with suppress(OSError):
        sync_folder(folder)
