"""Who may write engines.

An engine is code for the GPU: whoever can replace one can run code in this process. The SHA-256
beside it tells damage, not intent, since the same people can write both. So engines are taken only
from folders and files that not everybody can write to.
"""

from __future__ import annotations

import logging
import os
import stat
import sys
from typing import TYPE_CHECKING

from kilomark.errors import EngineError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_trusted"]

log = logging.getLogger(__name__)


def check_trusted(path: Path) -> None:
    """Check an engine or the folder of engines before it is read; one that is missing passes.

    Raises:
        EngineError: every user of the machine may write to it.
        OSError: it cannot be looked at.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        return
    if sys.platform == "win32":  # modes say nothing about who may write
        return
    if found.st_mode & stat.S_IWOTH:
        raise EngineError(
            f"{path} can be written to by every user of this machine, and an engine is code; "
            f"expected a mode without that: chmod o-w '{path}'"
        )
    if found.st_uid not in (0, os.geteuid()):
        log.warning(
            "%s belongs to user %d: engines in it are code of that user", path, found.st_uid
        )
