"""`kilomark predict`: landmarks of the faces in photos."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kilomark
from kilomark.cli.photo_paths import choose_outputs, json_file
from kilomark.drawing import draw
from kilomark.errors import InvalidInputError
from kilomark.folder.photos import is_pattern
from kilomark.images import open_photo

if TYPE_CHECKING:
    import argparse

    from PIL import Image

    from kilomark.faces import Face

__all__ = ["DEMO_PHOTO", "add_parser"]

DEMO_PHOTO = Path(kilomark.__file__).parent / "demo" / "astronaut.jpg"
EXIT_SOME_UNREADABLE = 1
TO_STDOUT = Path("-")


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
        metavar="FILE.json",
        help="write boxes, scores and landmarks as JSON; without a file, to the standard output",
    )
    group.add_argument("--dots", action="store_true", help="draw each landmark as a dot too")


def _add_detector_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--model",
        default="resnext50",
        help="landmark network: a shipped bundle or a bundle's folder (default: %(default)s)",
    )
    group.add_argument(
        "--faces",
        default="faces",
        help="face finder: a shipped bundle or a bundle's folder (default: %(default)s)",
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
        help="drop found faces below this score, which is the face finder's and the landmark "
        "network's together (default: %(default)s)",
    )
    group.add_argument(
        "--presence-threshold",
        type=float,
        default=0.5,
        metavar="P",
        help="drop found faces whose presence is below this; 0: the face finder decides alone "
        "(default: %(default)s)",
    )
    group.add_argument("--max-faces", type=int, metavar="N", help="faces per photo (default: all)")
    group.add_argument(
        "--finder-size",
        type=int,
        metavar="PX",
        help="side of the square that the face finder sees; larger finds smaller faces",
    )
    group.add_argument(
        "--finder-tiles",
        type=int,
        default=1,
        metavar="N",
        help="let the face finder look at N tiles along the longer side too: finds faces nearly N "
        "times smaller (default: %(default)s, none)",
    )


@dataclass(frozen=True, slots=True)
class _Report:
    """What is known of one photo in the end."""

    photo: Path
    width: int = 0
    height: int = 0
    faces: tuple[Face, ...] = ()
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        if self.error is not None:
            return {"photo": str(self.photo), "error": self.error}
        return {
            "photo": str(self.photo),
            "width": self.width,
            "height": self.height,
            "faces": [face.to_dict() for face in self.faces],
        }

    def to_text(self) -> str:
        noun = "face" if len(self.faces) == 1 else "faces"
        title = f"{self.photo} ({self.width} x {self.height}): {len(self.faces)} {noun}"
        return "\n".join([title, *(_describe(*item) for item in enumerate(self.faces, 1))])


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
        faces=options.faces,
        finder_size=options.finder_size,
        finder_tiles=options.finder_tiles,
        score_threshold=options.score_threshold,
        presence_threshold=options.presence_threshold,
        max_faces=options.max_faces,
        num_threads=options.threads,
    )
    reports = []
    for photo, output in zip(photos, outputs, strict=True):
        report = _process(detector, photo, output, dots=options.dots)
        reports.append(report)
        if report.error is not None:
            print(f"kilomark: {report.error}", file=sys.stderr)
        elif options.json != TO_STDOUT:
            print(report.to_text())
    if options.json is not None:
        _write_json(options.json, detector, reports)
    return EXIT_SOME_UNREADABLE if any(report.error for report in reports) else 0


def _refuse_collections(photos: list[Path]) -> None:
    for photo in photos:
        if photo.is_dir() or (is_pattern(str(photo)) and not photo.exists()):
            raise InvalidInputError(
                f"{photo} is not one photo; for all photos of a folder or a pattern: "
                f"kilomark folder {shlex.quote(str(photo))} -o OUT"
            )


def _process(
    detector: kilomark.Detector, photo: Path, output: Path | None, *, dots: bool
) -> _Report:
    try:
        image = open_photo(photo)
        faces = tuple(detector.predict(image))
    except InvalidInputError as error:
        return _Report(photo, error=str(error))
    if output is not None:
        labels = [str(number) for number in range(1, len(faces) + 1)] if len(faces) > 1 else None
        _save(draw(image, faces, landmarks=dots, labels=labels), output)
    return _Report(photo, *image.size, faces)


def _describe(number: int, face: Face) -> str:
    x0, y0, x1, y1 = face.box.tolist()
    text = f"  {number}. box {x0:.0f}, {y0:.0f} to {x1:.0f}, {y1:.0f}  score {face.score:.2f}"
    text += f"  presence {face.presence:.2f}"
    if pose := face.pose:
        text += f"  yaw {pose.yaw_deg:+.0f}  pitch {pose.pitch_deg:+.0f}"
        text += f"  roll {pose.roll_deg:+.0f} deg"
    return text


def _save(picture: Image.Image, path: Path) -> None:
    try:
        picture.save(path, quality=92)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidInputError(f"{path} cannot be written: {reason}") from error


def _write_json(path: Path, detector: kilomark.Detector, reports: list[_Report]) -> None:
    document = {
        "kilomark": kilomark.__version__,
        "num_landmarks": detector.topology.num_landmarks,
        "groups": [asdict(group) for group in detector.topology.groups.values()],
        "photos": [report.to_dict() for report in reports],
    }
    text = json.dumps(document, allow_nan=False)
    if path == TO_STDOUT:
        print(text)
        return
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be written: {error.strerror}") from error
