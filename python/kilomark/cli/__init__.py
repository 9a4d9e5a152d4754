"""The `kilomark` command: one file per subcommand."""

from __future__ import annotations

__all__ = ["EXIT_INTERRUPTED"]

EXIT_INTERRUPTED = 130
