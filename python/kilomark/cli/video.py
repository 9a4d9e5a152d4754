"""`kilomark video`: follow the faces of a video, mark them in it, write their landmarks."""

from __future__ import annotations

import argparse
import re
import sys
import time

import kilomark
from kilomark.cli.detector_options import add_detector_options, detector_options
from kilomark.drawing import STYLES
from kilomark.excerpts import excerpt
from kilomark.folder.progress import ProgressLine, counted
from kilomark.video import VideoSummary, open_source, process_video
from kilomark.video.measure_columns import MEASURE_SETS
from kilomark.video.process import VIDEO_STYLE

__all__ = ["add_parser", "parse_seconds"]

DESCRIPTION = """\
Follow the faces of a video. Each face keeps its id and gets steady landmarks. Write the video with
the faces marked, a table with a row for each face of each frame, or both. Stop the command in any
way and run it again: it continues where it stopped."""

EPILOG = """\
SOURCE is a video file, an animated GIF, a camera's number, an address (rtsp://...), a GStreamer
pipeline, a folder of pictures or a pattern such as 'frames/%04d.png'. A camera or a stream is
written until Ctrl-C or --end.

exit codes: 0 all went well; 2 an option, SOURCE, the device or an output is wrong; 130 interrupted
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this subcommand."""
    parser = subparsers.add_parser(
        "video",
        help="follow the faces of a video; write a marked copy, a table",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run, parser=parser)
    parser.add_argument("source", metavar="SOURCE", help="see below")
    _add_output_options(parser.add_argument_group("output"))
    _add_span_options(parser.add_argument_group("part of the video"))
    _add_tracker_options(parser.add_argument_group("tracker"))
    add_detector_options(parser, faces_of="frame")


def _add_output_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-o",
        "--output",
        metavar="OUT.mp4",
        help="video to write (.mp4, .mov, .mkv, .webm), with the sound of SOURCE",
    )
    group.add_argument(
        "--landmarks",
        metavar="FILE",
        help="table to write: .parquet (needs kilomark[folder]), .jsonl or .csv",
    )
    group.add_argument(
        "--style",
        default=VIDEO_STYLE,
        metavar="NAME+NAME",
        help=f"what the video shows of faces: {', '.join(STYLES)} (default: %(default)s)",
    )
    group.add_argument(
        "--measures",
        choices=MEASURE_SETS,
        default="basic",
        help="columns of the table: eyes, mouth, brows, gaze, blinks, yawns and nods (basic), "
        "blendshapes too (all) (default: %(default)s)",
    )
    group.add_argument("--no-sound", action="store_true", help="leave the sound out")
    group.add_argument("-q", "--quiet", action="store_true", help="show no progress")


def _add_span_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--start",
        type=parse_seconds,
        default=0.0,
        metavar="TIME",
        help="skip the video before this time: 90, 1:30 or 0:01:30",
    )
    group.add_argument("--end", type=parse_seconds, metavar="TIME", help="stop before this time")
    group.add_argument("--every", type=int, default=1, metavar="N", help="take every N-th frame")
    group.add_argument(
        "--fps", type=float, metavar="F", help="frame rate of a sequence of pictures (default: 25)"
    )


def _add_tracker_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--smoothing",
        type=float,
        default=1.0,
        metavar="S",
        help="0: raw landmarks; more than 1: steadier (default: %(default)s)",
    )


def parse_seconds(text: str) -> float:
    """Parse a time: seconds, minutes:seconds or hours:minutes:seconds."""
    if not re.fullmatch(r"(\d+:){0,2}\d+(\.\d+)?", text):
        raise argparse.ArgumentTypeError(
            f"{excerpt(text)} is not a time; expected seconds, or minutes:seconds such as 1:30"
        )
    seconds = 0.0
    for part in text.split(":"):
        seconds = 60 * seconds + float(part)
    return seconds


def run(options: argparse.Namespace) -> int:
    """Process the video and say what became of it."""
    if options.output is None and options.landmarks is None:
        options.parser.error("there is nothing to write; use -o OUT.mp4, --landmarks FILE, or both")
    begin = time.monotonic()
    with open_source(options.source, frames_per_second=options.fps) as source:
        # The tracker chooses the faces, and uses the landmark network alone.
        networks = detector_options(options) | {"max_faces": None, "blend": False}
        detector = kilomark.Detector(**networks, num_threads=options.threads)
        line = ProgressLine(sys.stderr)
        try:
            summary = process_video(
                source,
                detector,
                output=options.output,
                landmarks=options.landmarks,
                start_seconds=options.start,
                end_seconds=options.end,
                every=options.every,
                sound=not options.no_sound,
                style=options.style,
                measures=options.measures,
                tracker_options={"smoothing": options.smoothing, "max_faces": options.max_faces},
                report=None if options.quiet else line,
            )
        except KeyboardInterrupt:
            line.close()
            print("kilomark: stopped; run the same command again to go on", file=sys.stderr)
            raise
        finally:
            line.close()
    print(_describe(summary, time.monotonic() - begin, options))
    return 0


def _describe(summary: VideoSummary, seconds: float, options: argparse.Namespace) -> str:
    outputs = " and ".join(path for path in (options.output, options.landmarks) if path)
    resumed = f" ({summary.resumed_frames:,} of an earlier run)" if summary.resumed_frames else ""
    return (
        f"{counted(summary.frames, 'frame')}{resumed}, {counted(summary.faces, 'face')} under "
        f"{counted(summary.ids, 'id')}; "
        f"{seconds:.1f} s, written to {outputs}"
    )
