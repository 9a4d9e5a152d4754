"""``kilomark doctor``: what this installation can use, and what is wrong with it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from kilomark.diagnosis import diagnose

if TYPE_CHECKING:
    import argparse

    from kilomark.diagnosis import Diagnosis

__all__ = ["add_parser"]

EXIT_PROBLEMS = 1


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this subcommand."""
    parser = subparsers.add_parser(
        "doctor",
        help="show versions, devices and caches, and what is wrong",
        description="Print versions, processor, devices, caches and networks, and why a device "
        "cannot be used. Paste the output into a bug report.",
        epilog="exit codes: 0 nothing is wrong; 1 something is, the last lines say what",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print; 0 where nothing is wrong, 1 where something is."""
    found = diagnose()
    print(json.dumps(asdict(found), indent=1) if options.json else _to_text(found))
    return EXIT_PROBLEMS if found.problems else 0


def _to_text(found: Diagnosis) -> str:
    lines = []
    for section, facts in found.sections.items():
        lines.append(section)
        lines += [f"  {name:20} {text}" for name, text in facts]
    lines += [f"PROBLEM: {problem}" for problem in found.problems] or ["nothing is wrong"]
    return "\n".join(lines)
