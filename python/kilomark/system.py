"""What differs between systems: locks of files, flags of open files, cores.

Linux has run; macOS and Windows have not, see the page "Platforms" of the documentation.
"""

from __future__ import annotations

import os
import sys

__all__ = [
    "BINARY_FLAGS",
    "NEVER_WAITING_FLAGS",
    "lock_file",
    "lock_file_at_once",
    "sync_folder",
    "usable_cores",
]

if sys.platform == "win32":
    import msvcrt
    import time

    BINARY_FLAGS = os.O_BINARY | os.O_NOINHERIT
    """What `os.open` needs for a file of bytes that child processes do not inherit."""

    NEVER_WAITING_FLAGS = 0
    """What keeps `os.open` from waiting for the other end of a pipe."""

    def lock_file(descriptor: int) -> None:
        """Wait for the lock of an open file; it goes with the process that holds it."""
        while not lock_file_at_once(descriptor):
            time.sleep(0.1)

    def lock_file_at_once(descriptor: int) -> bool:
        """Take the lock of an open file; return False if another process holds it."""
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def sync_folder(folder: str | os.PathLike[str]) -> None:
        """Do nothing: Windows opens no folders."""

    def usable_cores() -> int:
        """Return how many cores this process may use."""
        return os.cpu_count() or 1

else:
    import fcntl

    BINARY_FLAGS = os.O_CLOEXEC
    NEVER_WAITING_FLAGS = os.O_NONBLOCK

    def lock_file(descriptor: int) -> None:
        """Wait for the lock of an open file; it goes with the process that holds it."""
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def lock_file_at_once(descriptor: int) -> bool:
        """Take the lock of an open file; return False if another process holds it.

        Raises:
            OSError: the file system has no locks.
        """
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def sync_folder(folder: str | os.PathLike[str]) -> None:
        """Make names in a folder survive a power cut.

        Raises:
            OSError: the file system cannot.
        """
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def usable_cores() -> int:
        """Return how many cores this process may use."""
        affinity = getattr(os, "sched_getaffinity", None)  # not on macOS
        return len(affinity(0)) if affinity else os.cpu_count() or 1
