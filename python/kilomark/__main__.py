"""``python -m kilomark``, and the entry point of the ``kilomark`` command."""

from __future__ import annotations

import sys

from kilomark.cli import EXIT_INTERRUPTED

__all__ = ["main"]


def main() -> int:
    """Run the command of this process. Return the exit code."""
    try:
        from kilomark.cli.main import main as run  # takes half a second: Ctrl-C may come meanwhile

        return run()
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
