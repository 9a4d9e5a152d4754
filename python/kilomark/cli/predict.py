"""`kilomark predict`: landmarks of the faces in photos."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

import kilomark
from kilomark.cli.detector_options import add_detector_options, detector_options
from kilomark.drawing import DEFAULT_STYLE, STYLES, parse_style
from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.folder.photos import is_pattern
from kilomark.photos import TO_STDOUT, choose_outputs, open_photo_json, predict_photo

__all__ = ["DEMO_PHOTO", "add_parser"]

MOVING_SUFFIXES = {".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ts", ".webm"}

DEMO_PHOTO = Path(kilomark.__file__).parent / "demo" / "astronaut.jpg"
EXIT_SOME_UNREADABLE = 1


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this subcommand."""
    parser = subparsers.add_parser(
        "predict",
        help="find the faces in photos and place their landmarks",
        description="Find the faces in photos and place their landmarks.",
    )
    parser.set_defaults(run=run, parser=parser)
    parser.add_argument(
        "photos",
        nargs="*",
        type=Path,
        metavar="PHOTO",
        help="JPEG, PNG or another format of Pillow",
    )
    parser.add_argument(
        "--demo", action="store_true", help="use the photo that comes with kilomark"
    )
    _add_output_options(parser.add_argument_group("output"))
    add_detector_options(parser)


def _add_output_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="PATH",
        help="write the annotated picture here; for several photos, a folder",
    )
    group.add_argument(
        "--json",
        nargs="?",
        type=parse_json_file,
        const=TO_STDOUT,
        metavar="FILE",
        help="write boxes, scores and landmarks as JSON: a line for each photo, appended to "
        "FILE.jsonl at once; or one document in FILE.json at the end; without FILE, lines go to "
        "the standard output",
    )
    group.add_argument(
        "--style",
        default=DEFAULT_STYLE,
        metavar="NAME+NAME",
        help=f"what the picture shows: {', '.join(STYLES)} (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Process the photos one after another; one that cannot be read does not stop the others."""
    photos: list[Path] = [*options.photos, *([DEMO_PHOTO] if options.demo else [])]
    if not photos:
        options.parser.error("no photo given; name at least one, or use --demo")
    _refuse_collections(photos)
    outputs = choose_outputs(photos, options.output)
    style = parse_style(options.style)
    detector = kilomark.Detector(**detector_options(options), num_threads=options.threads)
    num_failed = 0
    with open_photo_json(options.json, detector.topology) as results:
        for photo, output in zip(photos, outputs, strict=True):
            report = predict_photo(detector, photo, output, style=style)
            results.write(report)
            if report.error is not None:
                num_failed += 1
                print(f"kilomark: {report.error}", file=sys.stderr)
            elif options.json != TO_STDOUT:
                print(report.to_text(detector.search))
    outputs_written = [options.output] if num_failed < len(photos) else []
    _say_written([*outputs_written, options.json], to_stdout=options.json == TO_STDOUT)
    return EXIT_SOME_UNREADABLE if num_failed else 0


def _say_written(targets: list[Path | None], *, to_stdout: bool) -> None:
    names = " and ".join(str(target) for target in targets if target is not None)
    if names and not to_stdout:  # JSON Lines stay alone there
        print(f"written to {names}")


def _refuse_collections(photos: list[Path]) -> None:
    for photo in photos:
        if _is_collection(photo):
            raise InvalidInputError(
                f"{photo} is not one photo; for all photos of a folder or a pattern: "
                f"kilomark folder {shlex.quote(str(photo))} -o OUT"
            )
        if photo.suffix.lower() in MOVING_SUFFIXES and photo.is_file():
            raise InvalidInputError(
                f"{photo} is a video; to follow its faces: "
                f"kilomark video {shlex.quote(str(photo))} -o OUT.mp4"
            )


def _is_collection(photo: Path) -> bool:
    try:
        return photo.is_dir() or (is_pattern(str(photo)) and not photo.exists())
    except OSError:  # it may not be looked at; opening it says why
        return False


def parse_json_file(text: str) -> Path:
    """Parse the FILE of --json; the suffix is required lest `--json PHOTO` overwrite the photo."""
    if text != "-" and not text.endswith((".json", ".jsonl")):
        raise argparse.ArgumentTypeError(
            f"{excerpt(text)} does not end in .json or .jsonl; name photos before --json, or write "
            "--json=-"
        )
    return Path(text)
