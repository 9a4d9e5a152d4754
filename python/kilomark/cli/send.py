"""`kilomark send`: landmarks of a camera out to other programs."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import kilomark
from kilomark.cli.detector_options import add_network_options
from kilomark.send import SendSummary, SentFrame, UdpTarget, VmcTarget, WebSocketTarget, send_faces
from kilomark.send.addresses import parse_address
from kilomark.send.vmc import VMC_PORT
from kilomark.serve.options import check_token
from kilomark.video import open_source
from kilomark.video.looping_source import LoopingSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kilomark.send import Target
    from kilomark.video import VideoSource

__all__ = ["add_parser"]

TOKEN_VARIABLE = "KILOMARK_SEND_TOKEN"
WEBSOCKET_PORT = 8765

DESCRIPTION = """\
Follow the faces of a camera, a stream or a file, and send them to other programs: JSON by UDP or
WebSocket, or the VMC protocol (OSC) that moves avatars in VSeeFace, Warudo and VMagicMirror."""

EPILOG = f"""\
examples:
  kilomark send 0 --vmc                       to an avatar program on this machine, port {VMC_PORT}
  kilomark send 0 --udp 127.0.0.1:9000        a JSON datagram for each face
  kilomark send rtsp://camera/1 --websocket   JSON to every client of ws://127.0.0.1:{WEBSOCKET_PORT}/

Name SOURCE first. You may combine --udp, --vmc and --websocket. A WebSocket on a host other than
loopback demands a token; without --token and {TOKEN_VARIABLE} a random one is made and printed.

Ctrl-C or SIGTERM stops the command; exit code 0. Exit code 2: an option or SOURCE is wrong.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this subcommand."""
    parser = subparsers.add_parser(
        "send",
        help="send faces to other programs: UDP, OSC (VMC), WebSocket",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run, parser=parser)
    parser.add_argument(
        "source",
        nargs="?",
        default="0",
        metavar="SOURCE",
        help="camera number, address, GStreamer pipeline or file (default: %(default)s)",
    )
    parser.add_argument("--loop", action="store_true", help="repeat a file")
    _add_targets(parser.add_argument_group("where to"))
    _add_avatar_options(parser.add_argument_group("expressions"))
    _add_tracker_options(parser.add_argument_group("networks and tracker"))


def _add_targets(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--udp", action="append", default=[], metavar="HOST:PORT", help="JSON datagrams"
    )
    group.add_argument(
        "--vmc",
        action="append",
        nargs="?",
        const=f"127.0.0.1:{VMC_PORT}",
        default=[],
        metavar="HOST:PORT",
        help=f"VMC protocol (default: 127.0.0.1:{VMC_PORT})",
    )
    group.add_argument(
        "--websocket",
        nargs="?",
        const=f"127.0.0.1:{WEBSOCKET_PORT}",
        metavar="HOST:PORT",
        help=f"JSON to all who connect (default: 127.0.0.1:{WEBSOCKET_PORT})",
    )
    group.add_argument(
        "--points",
        choices=("all", "68", "none"),
        default="all",
        help="landmarks in JSON (default: all)",
    )
    group.add_argument("--token", help="token of the WebSocket, 16 characters or more")
    group.add_argument(
        "--origin",
        action="append",
        default=[],
        metavar="URL",
        help="a page that may open the WebSocket, such as http://localhost:3000",
    )


def _add_avatar_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--mirror", action="store_true", help="the avatar moves as in a mirror")
    group.add_argument(
        "--blendshape-names",
        choices=("vrm", "arkit", "presets"),
        default="vrm",
        help="names in VMC messages: EyeBlinkLeft, eyeBlinkLeft, or Blink_L, which every VRM "
        "avatar has "
        "(default: %(default)s)",
    )
    group.add_argument(
        "--calibrate",
        nargs="?",
        type=float,
        const=2.0,
        metavar="SECONDS",
        help="take each new face as at rest for SECONDS (default: 2), for more exact blendshapes; "
        "look into the camera with a relaxed face",
    )


def _add_tracker_options(group: argparse._ArgumentGroup) -> None:
    add_network_options(group, model="lite")
    group.add_argument(
        "--smoothing",
        type=float,
        default=1.0,
        metavar="S",
        help="0: raw landmarks; more than 1: steadier (default: 1)",
    )
    group.add_argument("--max-faces", type=int, metavar="N", help="follow at most N faces")


def run(options: argparse.Namespace) -> int:
    """Send until the source ends or the user stops it."""
    if not (options.udp or options.vmc or options.websocket):
        options.parser.error("nothing would be sent; use --udp, --vmc, --websocket, or several")
    tracker = kilomark.Tracker(
        kilomark.Detector(options.model, device=options.device, finder=options.finder, blend=False),
        smoothing=options.smoothing,
        max_faces=options.max_faces,
    )
    targets = _make_targets(options)
    told = _Told()
    try:
        with _stopped_by_sigterm():
            told.summary = send_faces(
                lambda: _open(options),
                tracker,
                targets,
                report=told,
                calibration_seconds=options.calibrate,
            )
    except KeyboardInterrupt:
        pass
    print(f"kilomark: {told}", file=sys.stderr)
    return 0


def _open(options: argparse.Namespace) -> VideoSource:
    source = open_source(options.source)
    if options.loop and not source.is_live:
        return LoopingSource(source, lambda: open_source(options.source))
    return source


def _make_targets(options: argparse.Namespace) -> list[Target]:
    targets: list[Target] = []
    for text in options.udp:
        host, port = parse_address(text)
        targets.append(UdpTarget(host, port, points=options.points))
    for text in options.vmc:
        host, port = parse_address(text, VMC_PORT)
        names = options.blendshape_names
        targets.append(VmcTarget(host, port, mirror=options.mirror, names=names))
    if options.websocket:
        host, port = parse_address(options.websocket, WEBSOCKET_PORT)
        token = options.token or os.environ.get(TOKEN_VARIABLE) or None
        if token is not None:
            check_token(token)
        target = WebSocketTarget(
            host, port, points=options.points, token=token, origins=options.origin
        )
        shown = f"?token={target.token}" if target.token else ""
        print(f"kilomark: faces are at {target.url}{shown}", file=sys.stderr, flush=True)
        targets.append(target)
    return targets


class _Told:
    """Counts sent frames, for the summary after Ctrl-C."""

    def __init__(self) -> None:
        self.frames = 0
        self.summary: SendSummary | None = None

    def __call__(self, _: SentFrame) -> None:
        self.frames += 1

    def __str__(self) -> str:
        dropped = f", {self.summary.dropped:,} dropped" if self.summary else ""
        return f"{self.frames:,} frames sent{dropped}"


@contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM do as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
