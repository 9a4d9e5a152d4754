"""`kilomark folder`: faces of a whole collection of photos, to Parquet or JSON Lines."""

from __future__ import annotations

import argparse
import sys
import time

from kilomark.cli.detector_options import add_detector_options, detector_options
from kilomark.errors import InvalidInputError
from kilomark.folder import DetectorSettings, Shard, process_folder
from kilomark.folder.progress import ProgressLine
from kilomark.folder.run import PHOTOS_PER_CHUNK
from kilomark.streaming import DEFAULT_BATCH_IMAGES

__all__ = ["add_parser"]

EXIT_SOME_UNREADABLE = 1
DESCRIPTION = """\
Find the faces in all photos of a folder, its subfolders included, and place their landmarks.
OUT becomes a folder of files with one row for each face. Stop the command in any way and run it
again: it continues where it stopped."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this subcommand."""
    parser = subparsers.add_parser(
        "folder",
        help="process a folder or a list of photos, any number",
        description=DESCRIPTION,
        epilog="exit codes: 0 all photos were read; 1 some could not be read, their rows say why; "
        "2 an option, the device or OUT is wrong; 130 interrupted",
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "source",
        metavar="DIR|GLOB|LIST",
        help="a folder, a quoted pattern such as 'photos/**/*.jpg', or a text file with one path "
        "on each line (- for the standard input)",
    )
    _add_output_options(parser.add_argument_group("output"))
    _add_speed_options(parser.add_argument_group("speed"))
    add_detector_options(parser)


def _add_output_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("-o", "--output", required=True, metavar="OUT", help="folder to write to")
    group.add_argument(
        "--format",
        choices=("parquet", "jsonl"),
        default="parquet",
        help="parquet needs kilomark[folder] (default: %(default)s)",
    )
    group.add_argument(
        "--photos-per-file",
        type=int,
        default=PHOTOS_PER_CHUNK,
        metavar="N",
        help="a stopped run repeats at most this many (default: %(default)s)",
    )
    group.add_argument(
        "--shard",
        type=_parse_shard,
        default=Shard(),
        metavar="I/N",
        help="do part I of N; N processes or machines may share one OUT",
    )
    group.add_argument("-q", "--quiet", action="store_true", help="show no progress")


def _parse_shard(text: str) -> Shard:
    try:
        return Shard.parse(text)
    except InvalidInputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _add_speed_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--decode-threads",
        type=int,
        metavar="N",
        help="threads that decode photos (default: one a core)",
    )
    group.add_argument(
        "--batch",
        type=int,
        default=DEFAULT_BATCH_IMAGES,
        metavar="N",
        help="photos in one prediction (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Process the photos and say what became of them."""
    settings = DetectorSettings(**detector_options(options))
    line = ProgressLine(sys.stderr)
    begin = time.monotonic()
    try:
        counts = process_folder(
            options.source,
            options.output,
            settings=settings,
            file_format=options.format,
            shard=options.shard,
            photos_per_chunk=options.photos_per_file,
            batch_images=options.batch,
            decode_threads=options.decode_threads,
            num_threads=options.threads,
            report=None if options.quiet else line,
        )
    except KeyboardInterrupt:
        line.close()
        print("kilomark: stopped; run the same command again to go on", file=sys.stderr)
        raise
    finally:
        line.close()
    print(f"{counts.describe()}; {time.monotonic() - begin:.1f} s, written to {options.output}")
    return EXIT_SOME_UNREADABLE if counts.errors else 0
