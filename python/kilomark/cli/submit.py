"""``kilomark submit``: predict the contest's test photos and write the file it takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.extras import check_train_extra

if TYPE_CHECKING:
    import argparse

__all__ = ["add_parser"]


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "submit",
        help="write a submission to the contest",
        description="Predict the test photos of a data set in the contest's layout with a bundle, "
        "or with the newest checkpoint of a run, and write the landmarks that test_points.csv "
        "asks for, in whole pixels of the photos.",
    )
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="a shipped bundle, a bundle's folder, or the folder of a training run",
    )
    parser.add_argument(
        "--contest", type=Path, required=True, metavar="FOLDER", help="holds test/test_points.csv"
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE.csv", help="the file to write"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda ... (default: auto)")
    parser.add_argument("--threads", type=int, metavar="N", help="CPU threads (default: all)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write; 0 when done."""
    check_train_extra("kilomark submit")
    from kilomark.contest import submit

    written = submit(
        options.model,
        options.contest,
        options.output,
        device=options.device,
        num_threads=options.threads,
    )
    print(f"{written.num_photos} photos -> {options.output}")
    if written.num_without_face:
        print(
            f"no face was found in {written.num_without_face} of them; the middle of the photo "
            "was taken for it"
        )
    return 0
