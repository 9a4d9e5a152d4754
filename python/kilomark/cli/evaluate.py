"""``kilomark evaluate``: measure a bundle on a validation split, through the C++ core."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.errors import InvalidInputError
from kilomark.extras import check_train_extra

if TYPE_CHECKING:
    import argparse

__all__ = ["add_parser"]


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "evaluate",
        help="measure a bundle on a validation split",
        description="Measure a bundle on the validation split of a data set, through the C++ core. "
        "Prints JSON.",
    )
    parser.add_argument(
        "bundle", metavar="BUNDLE", help="name of a shipped bundle, or the folder of another one"
    )
    parser.add_argument(
        "--write", action="store_true", help="write the figures into the bundle's manifest"
    )
    _add_data_options(parser.add_argument_group("data"))
    _add_report_options(parser.add_argument_group("report, on face crops and scenes"))
    _add_detector_options(parser.add_argument_group("face detectors and the eye network"))
    group = parser.add_argument_group("landmark networks")
    group.add_argument(
        "--views", type=int, choices=(1, 2), default=1,
        help="2: average each face with its mirror image, as Detector's views does",
    )  # fmt: skip
    group.add_argument(
        "--blend", action="store_true",
        help="blend with the networks that the manifest names, as Detector does",
    )  # fmt: skip
    parser.set_defaults(run=run)


def _add_data_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--faces", type=Path, metavar="FOLDER", help="data set of face crops")
    group.add_argument(
        "--scenes",
        type=Path,
        metavar="FOLDER",
        help="data set of scenes; not needed for an eye network",
    )
    group.add_argument(
        "--contest", type=Path, metavar="FOLDER",
        help="data set in the contest's layout, instead of --faces and --scenes",
    )  # fmt: skip
    group.add_argument(
        "--split", choices=("file-order", "person"), default="file-order",
        help="how the contest's rows are split (default: file-order)",
    )  # fmt: skip
    group.add_argument("--cache", type=Path, metavar="FOLDER", help="folder for decoded images")


def _add_report_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--report", type=Path, metavar="FOLDER",
        help="also write report.md, figures.json, plots and contact sheets; the sheets show people "
        "of the data set and are not for publishing",
    )  # fmt: skip
    group.add_argument(
        "--run-dir", type=Path, metavar="FOLDER", help="training run whose curves to show"
    )
    group.add_argument(
        "--slices", type=Path, metavar="FILE.json",
        help="photo names by slice: the report of a landmark network gives each slice's error",
    )  # fmt: skip
    group.add_argument(
        "--reviewed", type=Path, metavar="FILE.json",
        help="real faces without a label, by photo: the report of a face detector does not count "
        "them as false",
    )  # fmt: skip


def _add_detector_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--landmarks", metavar="BUNDLE",
        help="rescore faces with this landmark network, as Detector does, instead of measuring "
        "the face detector alone; for an eye network: the landmark network that it is used "
        "with (default: lite)",
    )  # fmt: skip
    group.add_argument(
        "--finder-tiles", type=int, default=1, metavar="N",
        help="also look at N tiles along the longer side, as Detector's finder_tiles does",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Measure; 0 when done."""
    check_train_extra("kilomark evaluate")
    from kilomark import contest, evaluation

    if options.contest is not None:
        if options.report is not None:
            raise InvalidInputError(
                "--report needs a data set of face crops and scenes; expected --faces and "
                "--scenes with it, or --contest without it"
            )
        figures = contest.evaluate(
            options.bundle, options.contest,
            split=options.split, cache=options.cache, write=options.write,
        )  # fmt: skip
    elif options.faces is None:
        raise InvalidInputError(
            "no data set to measure on; expected --faces and --scenes, or --contest"
        )
    else:
        figures = evaluation.evaluate(
            options.bundle, faces=options.faces, scenes=options.scenes, cache=options.cache,
            report=options.report, run_dir=options.run_dir, reviewed=options.reviewed,
            slices=options.slices, landmarks=options.landmarks,
            finder_tiles=options.finder_tiles, views=options.views, blend=options.blend,
            write=options.write,
        )  # fmt: skip
    print(json.dumps(figures, indent=1))
    return 0
