"""`kilomark predict`: landmarks of the faces in photos."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import kilomark
from kilomark.cli.photo_json import TO_STDOUT, open_photo_json
from kilomark.cli.photo_paths import choose_outputs, json_file
from kilomark.cli.photo_report import PhotoReport
from kilomark.drawing import draw
from kilomark.errors import InferenceError, InvalidInputError
from kilomark.folder.photos import is_pattern
from kilomark.images import open_photo
from kilomark.options import DEFAULT_PRESENCE_THRESHOLD, parse_whole_or_auto
from kilomark.picture_file import write_picture

if TYPE_CHECKING:
    import argparse

    from PIL import Image

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
    parser.add_argument("photos", nargs="*", type=Path, metavar="PHOTO")
    parser.add_argument(
        "--demo", action="store_true", help="use the photo that comes with kilomark"
    )
    _add_output_options(parser.add_argument_group("output"))
    _add_detector_options(parser.add_argument_group("networks"))


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
        type=json_file,
        const=TO_STDOUT,
        metavar="FILE",
        help="write boxes, scores and landmarks: FILE.jsonl gets a line of JSON per photo, at once "
        "and at its end; FILE.json becomes one document, when all photos are done; without FILE, "
        "lines go to the standard output",
    )
    group.add_argument("--dots", action="store_true", help="draw each landmark as a dot too")


def _add_detector_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--model",
        default="resnext50",
        help="landmark network: a shipped bundle or a bundle's folder (default: %(default)s)",
    )
    group.add_argument(
        "--finder",
        default="auto",
        metavar="BUNDLE",
        help="face detector: a shipped bundle or a bundle's folder (default: %(default)s)",
    )
    group.add_argument(
        "--device", default="auto", help="auto, cpu, cuda ... (default: %(default)s)"
    )
    group.add_argument("--threads", type=int, metavar="N", help="CPU threads (default: all)")
    group.add_argument(
        "--score-threshold",
        type=float,
        default=0.5,
        metavar="P",
        help="drop found faces below this score, after rescoring (default: %(default)s)",
    )
    group.add_argument(
        "--presence-threshold",
        type=float,
        default=DEFAULT_PRESENCE_THRESHOLD,
        metavar="P",
        help="drop found faces whose presence is below this (default: %(default)s)",
    )
    group.add_argument("--max-faces", type=int, metavar="N", help="faces per photo (default: all)")
    group.add_argument(
        "--finder-size",
        type=parse_whole_or_auto,
        default="auto",
        metavar="PX",
        help="longer side of what the face detector sees; larger finds smaller faces "
        "(default: as the image needs)",
    )
    group.add_argument(
        "--finder-tiles",
        type=parse_whole_or_auto,
        default="auto",
        metavar="N",
        help="look at N tiles along the longer side too: finds faces nearly N "
        "times smaller (default: as the image needs)",
    )


def run(options: argparse.Namespace) -> int:
    """Process the photos one after another; one that cannot be read does not stop the others."""
    photos: list[Path] = [*options.photos, *([DEMO_PHOTO] if options.demo else [])]
    if not photos:
        options.parser.error("no photo given; name at least one, or use --demo")
    _refuse_collections(photos)
    outputs = choose_outputs(photos, options.output)
    detector = kilomark.Detector(
        options.model,
        device=options.device,
        faces=options.finder,
        finder_size=options.finder_size,
        finder_tiles=options.finder_tiles,
        score_threshold=options.score_threshold,
        presence_threshold=options.presence_threshold,
        max_faces=options.max_faces,
        num_threads=options.threads,
    )
    num_failed = 0
    with open_photo_json(options.json, detector.topology) as results:
        for photo, output in zip(photos, outputs, strict=True):
            report = _process(detector, photo, output, dots=options.dots)
            results.write(report)
            if report.error is not None:
                num_failed += 1
                print(f"kilomark: {report.error}", file=sys.stderr)
            elif options.json != TO_STDOUT:
                print(report.to_text(detector.search))
    return EXIT_SOME_UNREADABLE if num_failed else 0


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


def _process(
    detector: kilomark.Detector, photo: Path, output: Path | None, *, dots: bool
) -> PhotoReport:
    """Find the faces of a photo; whatever is wrong with it is told in the report."""
    try:
        image = open_photo(photo)
        faces = tuple(detector.predict(image))
    except (InvalidInputError, InferenceError) as error:
        return PhotoReport(photo, error=str(error))
    except MemoryError:
        return PhotoReport(photo, error=f"{photo} does not fit into memory; reduce it")
    if output is not None:
        labels = [str(number) for number in range(1, len(faces) + 1)] if len(faces) > 1 else None
        _save(draw(image, faces, landmarks=dots, labels=labels), output)
    return PhotoReport(photo, *image.size, faces)


def _save(picture: Image.Image, path: Path) -> None:
    try:
        write_picture(picture, path)
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be written: {error.strerror or error}") from error
