"""The options by which the tools name data and systems."""

from __future__ import annotations

import argparse
from pathlib import Path

from accuracy.layouts import LAYOUTS

__all__ = ["make_parser"]


def make_parser(description: str | None) -> argparse.ArgumentParser:
    """Make a parser of the data, the systems and where the report goes."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("data", type=Path, help="folder, list or JSON file")
    add("--layout", choices=sorted(LAYOUTS), help="of DATA (default: told by its content)")
    add("--photos", type=Path, metavar="DIR", help="that a list's names are relative to")
    add(
        "--system", action="append", required=True,
        help="kilomark:BUNDLE, yunet:MODEL.onnx, mediapipe:PYTHON; may be repeated",
    )  # fmt: skip
    add("--limit", type=int, help="take the first photos only")
    add("--out", type=Path, metavar="FILE.md", help="write the tables here too")
    return parser
