"""``kilomark evaluate``: measure a bundle on a validation split, through the C++ core."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.cli.train_extra import check_train_extra

if TYPE_CHECKING:
    import argparse


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "evaluate",
        help="measure a bundle on a validation split",
        description="Measure a bundle on the validation split of a data set, through the C++ core "
        "as in use. Prints JSON.",
    )
    parser.add_argument("bundle", help="name of a shipped bundle, or the folder of another one")
    parser.add_argument("--faces", type=Path, required=True, help="data set of face crops")
    parser.add_argument("--scenes", type=Path, required=True, help="data set of scenes")
    parser.add_argument("--cache", type=Path, help="folder for decoded images")
    parser.add_argument(
        "--write", action="store_true", help="write the figures into the bundle's manifest"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure; 0 when done."""
    check_train_extra("evaluate")
    from kilomark.data.face_crops import read_face_crops
    from kilomark.data.scenes import read_backgrounds, read_scenes
    from kilomark.export.bundle import write_manifest
    from kilomark.manifest import FinderBundle, read_bundle
    from kilomark.training.evaluation import evaluate_finder, evaluate_landmarks

    bundle = read_bundle(args.bundle)
    backgrounds, _, held_out = read_backgrounds(args.scenes, args.cache)
    figures: dict[str, float]
    if isinstance(bundle, FinderBundle):
        scenes = read_scenes(args.scenes, "val", args.cache)
        figures = asdict(evaluate_finder(bundle.folder, scenes, backgrounds, held_out))
    else:
        faces = read_face_crops(args.faces, "val", args.cache)
        accuracy, confidence = evaluate_landmarks(bundle.folder, faces, backgrounds, held_out)
        figures = {**asdict(accuracy), **confidence}
    figures = {name: float(f"{value:.4g}") for name, value in figures.items()}
    print(json.dumps(figures, indent=1))
    if args.write:
        path = bundle.folder / "manifest.json"
        manifest = json.loads(path.read_text())
        write_manifest(bundle.folder, {**manifest, "accuracy": figures})
    return 0
