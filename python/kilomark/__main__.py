"""``python -m kilomark``: the same as the ``kilomark`` command."""

from __future__ import annotations

import sys

from kilomark.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
