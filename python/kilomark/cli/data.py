"""``kilomark data``: look over a data set before it is trained on, or make one of .pts files."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.extras import check_train_extra

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from kilomark.contest.check import ContestReport

__all__ = ["add_parser"]

EXIT_FOUND = 1
_SHOWN = 5  # findings of a kind; --json holds all


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "data",
        help="check a data set, or make one of photos with .pts files",
        description="Check a data set, or make one of photos with .pts files.",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    check = actions.add_parser(
        "check",
        help="read every row and decode every photo",
        description="Read every row and decode every photo of a data set in the contest's layout, "
        "and say what is broken, missing or repeated.",
        epilog="exit codes: 0 no errors; 1 there are some (or, with --strict, warnings)",
    )
    check.add_argument(
        "folder", type=Path, metavar="FOLDER", help="holds train/landmarks.csv and train/images"
    )
    check.add_argument("--json", action="store_true", help="print all findings as JSON")
    check.add_argument("--strict", action="store_true", help="let warnings count as errors")
    check.set_defaults(run=run_check)
    from_pts = actions.add_parser(
        "from-pts",
        help="make a data set of photos with .pts files",
        description="Copy photos with .pts files beside them (300-W: AFW, Helen, LFPW, iBUG) into "
        "a data set in the contest's layout. For 68 points a topology.json is written too.",
    )
    from_pts.add_argument(
        "photos", type=Path, metavar="PHOTOS", help="folder; its subfolders count as well"
    )
    from_pts.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FOLDER", help="new or empty folder"
    )
    from_pts.set_defaults(run=run_from_pts)


def run_check(options: argparse.Namespace) -> int:
    """Check; 0 where nothing is wrong, 1 where something is."""
    check_train_extra("kilomark data check")
    from kilomark.contest import check_contest

    report = check_contest(options.folder)
    is_clean = not any(report.errors.values())
    if options.strict:
        is_clean = is_clean and not any(report.warnings.values())
    if options.json:
        print(json.dumps({"ok": is_clean, **asdict(report)}, indent=1))
    else:
        print(_to_text(report))
    return 0 if is_clean else EXIT_FOUND


def run_from_pts(options: argparse.Namespace) -> int:
    """Convert; 0 when done."""
    from kilomark.contest.pts import convert_pts

    done = convert_pts(options.photos, options.output)
    print(f"{done.num_photos} photos of {done.num_landmarks} landmarks in {options.output}")
    if done.num_without:
        print(f"{done.num_without} photos have no .pts file and were left out")
    return 0


def _to_text(report: ContestReport) -> str:
    sizes = f"{report.num_rows} rows of {report.num_landmarks} landmarks"
    lines = [
        f"{sizes}, {report.num_test_photos} test photos",
        *_list_findings("error", report.errors),
        *_list_findings("warning", report.warnings),
    ]
    return "\n".join(lines if len(lines) > 1 else [*lines, "nothing is wrong with them"])


def _list_findings(severity: str, kinds: Mapping[str, list[str]]) -> list[str]:
    lines = []
    for kind, found in kinds.items():
        if found:
            lines.append(f"{severity}: {kind}: {len(found)}")
            lines += [f"  {line}" for line in found[:_SHOWN]]
        if len(found) > _SHOWN:
            lines.append(f"  ... and {len(found) - _SHOWN} more (--json lists them)")
    return lines
