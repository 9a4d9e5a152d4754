#!/usr/bin/env python3
"""Measure how the sources are laid out and how long the sentences of the documents are.

    python tools/measure_layout.py

Prints the figures of docs/architecture.md, "Layout in figures".
"""

from __future__ import annotations

import statistics
from pathlib import Path

from layout.import_graph import find_circles, read_imports, read_order, upward_imports
from layout.prose import sentence_lengths

__all__ = ["measure"]

ROOT = Path(__file__).resolve().parent.parent
SHORT_FILE_LINES = 40
SOURCE_SUFFIXES = (".cpp", ".hpp", ".cu")


def measure(root: Path = ROOT) -> dict[str, str]:
    """Return the figures by name."""
    sources = [p for p in (root / "cpp" / "src").rglob("*") if p.suffix in SOURCE_SUFFIXES]
    short = [path for path in sources if len(_lines(path)) < SHORT_FILE_LINES]
    python = [p for p in (root / "python").rglob("*.py") if "__pycache__" not in p.parts]
    longest = max(python, key=lambda path: len(_lines(path)))
    imports = read_imports(root / "python")
    order = read_order((root / "docs" / "architecture.md").read_text(encoding="utf-8"))
    readme = _lines(root / "README.md")
    return {
        f"files in cpp/src under {SHORT_FILE_LINES} lines": f"{len(short)} of {len(sources)}",
        "import circles": str(len(find_circles(imports))),
        "imports of a higher layer": str(len(upward_imports(imports, order))),
        "files in cli/": str(len(list((root / "python/kilomark/cli").glob("*.py")))),
        "longest Python file": f"{longest.name}, {len(_lines(longest))} lines",
        "README.md": f"{len(readme)} lines, the longest has {max(map(len, readme))} characters",
        "words per sentence, README and docs": _describe_prose(root),
    }


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def _describe_prose(root: Path) -> str:
    pages = [root / "README.md", *(root / "docs").rglob("*.md")]
    lengths = sorted(n for page in pages for n in sentence_lengths(page.read_text("utf-8")))
    tenth_longest = lengths[int(0.9 * len(lengths))]
    return f"median {statistics.median(lengths):g}, 90th percentile {tenth_longest}"


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:40} {value}")
