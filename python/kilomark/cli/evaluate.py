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
        "--report",
        type=Path,
        metavar="FOLDER",
        help="also write report.md, figures.json, plots and contact sheets of people of the data "
        "set, which are not for publishing",
    )
    parser.add_argument("--run-dir", type=Path, help="training run whose learning curve to report")
    parser.add_argument(
        "--reviewed",
        type=Path,
        metavar="FILE",
        help="JSON of real faces without a label, by photo, that the report of a face finder does "
        "not count as false",
    )
    parser.add_argument(
        "--slices",
        type=Path,
        metavar="FILE",
        help="JSON of slices that somebody noted, photos' names by slice: the report of a landmark "
        "network gives their error too",
    )
    parser.add_argument(
        "--landmarks",
        metavar="BUNDLE",
        help="of a face finder: count what it finds and this landmark network sees a face in, as "
        "Detector does, instead of the finder alone",
    )
    parser.add_argument(
        "--finder-tiles",
        type=int,
        default=1,
        metavar="N",
        help="of a face finder: let it look at tiles too, as Detector's finder_tiles does",
    )
    parser.add_argument(
        "--write", action="store_true", help="write the figures into the bundle's manifest"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure; 0 when done."""
    check_train_extra("evaluate")
    from kilomark.bundle_files import write_manifest
    from kilomark.manifest import read_bundle

    if args.write and (args.landmarks is not None or args.finder_tiles != 1):
        raise InvalidInputError(
            "--write notes what a bundle does alone; expected --write without --landmarks and "
            "--finder-tiles, or these without --write"
        )
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
    from kilomark.manifest import FinderBundle

    if args.faces is None or args.scenes is None:
        raise InvalidInputError(
            "no data set to measure on; expected --faces and --scenes, or --contest"
        )
    if isinstance(bundle, FinderBundle):
        return _measure_finder(bundle, args)
    return _measure_landmarks(bundle, args)


def _measure_landmarks(bundle: Bundle, args: argparse.Namespace) -> dict[str, float]:
    from kilomark.data.face_crops import read_face_crops
    from kilomark.data.scenes import read_backgrounds
    from kilomark.evaluation.figures import landmark_figures, predict_faces
    from kilomark.evaluation.slices import read_noted_slices

    if args.slices is not None and args.report is None:
        raise InvalidInputError("--slices are for a report; expected --report FOLDER with them")
    noted_slices = None if args.slices is None else read_noted_slices(args.slices)
    faces = read_face_crops(args.faces, "val", args.cache)
    backgrounds, _, held_out = read_backgrounds(args.scenes, args.cache)
    predictions = predict_faces(bundle.folder, faces, backgrounds, held_out)
    figures = landmark_figures(predictions)
    if args.report is None:
        return figures
    from kilomark.evaluation.landmark_report import write_landmark_report

    report = write_landmark_report(
        args.report, bundle.folder, faces, predictions, args.run_dir, noted_slices
    )
    return figures | {"jitter_percent": report.steady[0].jitter_percent}


def _measure_finder(bundle: Bundle, args: argparse.Namespace) -> dict[str, float]:
    from kilomark.data.face_crops import read_face_crops
    from kilomark.data.scenes import read_backgrounds, read_boxes_by_photo, read_scenes
    from kilomark.evaluation.figures import FinderUse, find_faces, finder_figures

    use = FinderUse(args.landmarks, args.finder_tiles)
    scenes = read_scenes(args.scenes, "val", args.cache)
    backgrounds, _, held_out = read_backgrounds(args.scenes, args.cache)
    if args.report is None:
        finds = find_faces(bundle.folder, scenes, backgrounds, held_out, use=use)
        return asdict(finder_figures(finds, scenes))
    from kilomark.evaluation.finder_report import LOWEST_SCORE, write_finder_report
    from kilomark.evaluation.finder_sweep import sweep_sizes

    faces = read_face_crops(args.faces, "val", args.cache)
    finds = find_faces(
        bundle.folder,
        scenes,
        backgrounds,
        held_out,
        lowest_score=LOWEST_SCORE,
        use=use,
    )
    reviewed = {} if args.reviewed is None else read_boxes_by_photo(args.reviewed)
    sweeps = {
        f"Recall by size, {size} px images": sweep_sizes(
            bundle.folder,
            faces,
            backgrounds,
            held_out,
            image_px=size,
            use=use,
            reviewed=reviewed,
        )
        for size in (bundle.input.width, 2 * bundle.input.width)
    }
    write_finder_report(
        args.report,
        bundle.name,
        scenes,
        finds,
        reviewed=reviewed,
        sweeps=sweeps,
        backgrounds=(backgrounds, held_out),
        run_dir=args.run_dir,
        use=use,
    )
    return asdict(finder_figures(finds, scenes))


def _measure_contest(bundle: Bundle, args: argparse.Namespace) -> dict[str, float]:
    from kilomark.contest.accuracy import evaluate_contest
    from kilomark.contest.data_set import read_contest
    from kilomark.contest.prediction import PhotoPredictor
    from kilomark.contest.samples import ContestFaces
    from kilomark.contest.topology import choose_topology

    if args.report is not None:
        raise InvalidInputError(
            "--report is written of a data set of face crops and scenes; expected --faces and "
            "--scenes with it, or --contest without it"
        )
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
