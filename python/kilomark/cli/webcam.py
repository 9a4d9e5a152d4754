"""`kilomark webcam`: a window with the faces of a camera."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.cli.detector_options import add_network_options
from kilomark.drawing import STYLES
from kilomark.video.webcam import run_webcam
from kilomark.video.webcam_state import HELP

if TYPE_CHECKING:
    import argparse

__all__ = ["add_parser"]


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this subcommand."""
    keys = ", ".join(f"{key} {what}" for key, what in HELP.items())
    parser = subparsers.add_parser(
        "webcam",
        help="show the faces of a camera in a window",
        description="Show the faces of a camera in a window, with ids and steady landmarks.",
        epilog=f"keys: {keys}. Needs kilomark[video] and opencv-python. Without a screen: "
        "kilomark video SOURCE -o OUT.mp4",
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "source",
        nargs="?",
        default="0",
        metavar="SOURCE",
        help="camera number, RTSP address, GStreamer pipeline or file (default: %(default)s)",
    )
    add_network_options(parser, model="lite")
    parser.add_argument(
        "--smoothing",
        type=float,
        default=1.0,
        metavar="S",
        help="0: raw landmarks; more than 1: steadier (default: 1)",
    )
    parser.add_argument(
        "--style",
        metavar="NAME+NAME",
        help=f"style at the start: {', '.join(STYLES)} (default: contours+ids)",
    )
    parser.add_argument("--no-mirror", action="store_true", help="do not mirror the picture")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path(),
        metavar="DIR",
        help="where recordings and snapshots go (default: the current folder)",
    )


def run(options: argparse.Namespace) -> int:
    """Show the window until the user closes it."""
    run_webcam(
        options.source,
        model=options.model,
        device=options.device,
        finder=options.finder,
        smoothing=options.smoothing,
        mirror=not options.no_mirror,
        style=options.style,
        folder=options.folder,
    )
    return 0
