"""``kilomark submit``: predict the contest's test photos and write the file it takes."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.cli.train_extra import check_train_extra

if TYPE_CHECKING:
    import argparse


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
        "model", help="a shipped bundle, a bundle's folder, or the folder of a training run"
    )
    parser.add_argument("--contest", type=Path, required=True, help="holds test/test_points.csv")
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda ... (default: auto)")
    parser.add_argument("--threads", type=int, metavar="N", help="CPU threads (default: all)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write; 0 when done."""
    check_train_extra("submit")
    from kilomark.cli.export import export_run

    if not (Path(args.model) / "run.json").is_file():
        return _submit(args, args.model)
    with tempfile.TemporaryDirectory() as folder:
        export_run(Path(args.model), Path(folder))
        return _submit(args, folder)


def _submit(args: argparse.Namespace, model: str) -> int:
    from kilomark.contest.prediction import PhotoPredictor
    from kilomark.contest.submission import write_submission

    predictor = PhotoPredictor(model, device=args.device, num_threads=args.threads)
    count = write_submission(args.contest, args.out, predictor.num_landmarks, predictor)
    print(f"{count} photos -> {args.out}")
    if predictor.photos_without_face:
        print(
            f"in {predictor.photos_without_face} of them no face was found, and the middle of the "
            "photo was taken for it"
        )
    return 0
