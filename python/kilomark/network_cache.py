"""The folder where OpenVINO keeps networks that it has compiled for this CPU."""

from __future__ import annotations

import logging
import os
import stat
import sys
from pathlib import Path

from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt

__all__ = ["prepare_network_cache"]

log = logging.getLogger(__name__)


def prepare_network_cache(cache_dir: str | os.PathLike[str]) -> Path:
    """Make the folder if it is missing, and check who may write to it and to the files in it.

    A compiled network is read without the checks that a bundle passes, so whoever can replace one
    decides what this process runs.

    Raises:
        InvalidInputError: it is not a folder, cannot be made or written to, or every user of the
            machine may write to it or to a network in it.
    """
    folder = Path(cache_dir)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in (folder, *folder.glob("*.blob")):
            _check_writers(path)
    except OSError as error:
        raise InvalidInputError(
            f"cache_dir is {excerpt(str(folder))}, which cannot be used: {error}; expected a "
            "folder that this user may write to"
        ) from error
    if not os.access(folder, os.W_OK):
        raise InvalidInputError(
            f"cache_dir is {excerpt(str(folder))}, which this user may not write to; pass another "
            "folder"
        )
    return folder


def _check_writers(path: Path) -> None:
    if sys.platform == "win32":  # modes say nothing about who may write
        return
    found = path.stat()
    if found.st_mode & stat.S_IWOTH:
        raise InvalidInputError(
            f"{path} can be written to by every user of this machine, and compiled networks are "
            f"run; expected a mode without that: chmod o-w '{path}'"
        )
    if found.st_uid not in (0, os.geteuid()):
        log.warning("%s belongs to user %d, who decides what is run", path, found.st_uid)
