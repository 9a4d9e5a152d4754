"""``kilomark evaluate``: measure a bundle on a validation split, through the C++ core."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.cli.train_extra import check_train_extra
from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    import argparse

    from kilomark.manifest import Bundle


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "evaluate",
        help="measure a bundle on a validation split",
        description="Measure a bundle on the validation split of a data set, through the C++ core "
        "as in use. Prints JSON.",
    )
    parser.add_argument("bundle", help="name of a shipped bundle, or the folder of another one")
    parser.add_argument("--faces", type=Path, help="data set of face crops")
    parser.add_argument("--scenes", type=Path, help="data set of scenes")
    parser.add_argument(
        "--contest", type=Path, help="data set in the contest's layout, instead of the two"
    )
    parser.add_argument(
        "--split",
        choices=("file-order", "person"),
        default="file-order",
        help="how the contest's rows are split (default: file-order)",
    )
    parser.add_argument("--cache", type=Path, help="folder for decoded images")
    parser.add_argument(
        "--write", action="store_true", help="write the figures into the bundle's manifest"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure; 0 when done."""
    check_train_extra("evaluate")
    from kilomark.export.bundle_files import write_manifest
    from kilomark.manifest import read_bundle

    bundle = read_bundle(args.bundle)
    measured = _measure(bundle, args) if args.contest is None else _measure_contest(bundle, args)
    figures = {name: float(f"{value:.4g}") for name, value in measured.items()}
    print(json.dumps(figures, indent=1))
    if args.write:
        path = bundle.folder / "manifest.json"
        manifest = json.loads(path.read_text())
        write_manifest(bundle.folder, {**manifest, "accuracy": figures})
    return 0


def _measure(bundle: Bundle, args: argparse.Namespace) -> dict[str, float]:
    from kilomark.data.face_crops import read_face_crops
    from kilomark.data.scenes import read_backgrounds, read_scenes
    from kilomark.manifest import FinderBundle
    from kilomark.training.evaluation import evaluate_finder, evaluate_landmarks

    if args.faces is None or args.scenes is None:
        raise InvalidInputError(
            "no data set to measure on; expected --faces and --scenes, or --contest"
        )
    backgrounds, _, held_out = read_backgrounds(args.scenes, args.cache)
    if isinstance(bundle, FinderBundle):
        scenes = read_scenes(args.scenes, "val", args.cache)
        return asdict(evaluate_finder(bundle.folder, scenes, backgrounds, held_out))
    faces = read_face_crops(args.faces, "val", args.cache)
    accuracy, confidence = evaluate_landmarks(bundle.folder, faces, backgrounds, held_out)
    return {**asdict(accuracy), **confidence}


def _measure_contest(bundle: Bundle, args: argparse.Namespace) -> dict[str, float]:
    from kilomark.data.contest import read_contest
    from kilomark.data.contest_samples import ContestFaces
    from kilomark.data.contest_topology import choose_topology
    from kilomark.training.contest_evaluation import evaluate_contest
    from kilomark.training.contest_prediction import PhotoPredictor

    predictor = PhotoPredictor(bundle.folder)
    contest = read_contest(args.contest, args.cache)
    if contest.num_landmarks != predictor.num_landmarks:
        raise InvalidInputError(
            f"{args.contest} has {contest.num_landmarks} landmarks and the bundle "
            f"{predictor.num_landmarks}; expected as many: measure it on the data set it is of"
        )
    topology = choose_topology(contest.num_landmarks)
    return evaluate_contest(
        predictor, ContestFaces(contest, contest.split(args.split).val, topology)
    )
