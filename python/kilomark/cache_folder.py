"""The folder for everything that kilomark can make again: engines, decoded data sets."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["user_cache_folder"]


def user_cache_folder() -> Path:
    """Return ``$XDG_CACHE_HOME/kilomark``, or ``~/.cache/kilomark``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kilomark"
