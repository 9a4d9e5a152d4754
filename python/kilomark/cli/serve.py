"""`kilomark serve`: a web page with the faces of cameras."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.cli.detector_options import add_network_options
from kilomark.serve import ServeOptions, run_server

if TYPE_CHECKING:
    from kilomark.serve.server import ServerAddress

__all__ = ["add_parser"]

TOKEN_VARIABLE = "KILOMARK_SERVE_TOKEN"

DESCRIPTION = """\
Serve a web page with the live picture of cameras and streams, and the landmarks on it. Visitors
choose network, smoothing and style. A visitor's own camera can be a source too."""

EPILOG = f"""\
SOURCE is a camera's number, an address (rtsp://...), a GStreamer pipeline, a file, a folder of
pictures, or one of these with a name: door=rtsp://camera/1. Without SOURCE the page offers the
visitor's own camera alone. Files repeat.

Only this machine reaches the page, unless --host says otherwise. Any other host demands a token;
without --token and {TOKEN_VARIABLE} a random one is made and printed. Browsers give a page its
visitor's camera on localhost or over HTTPS only: use ssh -L 8080:localhost:8080, or --certificate.

Ctrl-C or SIGTERM stops the server; exit code 0. Exit code 2: an option or a source is wrong.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this subcommand."""
    parser = subparsers.add_parser(
        "serve",
        help="show the faces of cameras on a web page",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument("sources", nargs="*", metavar="SOURCE", help="see below")
    _add_access_options(parser.add_argument_group("who may visit"))
    _add_page_options(parser.add_argument_group("networks and pictures"))


def _add_access_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: %(default)s)"
    )
    group.add_argument(
        "--port", type=int, default=8080, help="0: any free one (default: %(default)s)"
    )
    group.add_argument(
        "--token",
        help=f"16 characters or more; other users of this machine see it, unlike {TOKEN_VARIABLE}",
    )
    group.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="another name of this server, such as that of a proxy in front of it",
    )
    group.add_argument(
        "--certificate", type=Path, metavar="PEM", help="serve HTTPS with this certificate"
    )
    group.add_argument("--key", type=Path, metavar="PEM", help="private key of the certificate")
    group.add_argument(
        "--max-clients",
        type=int,
        default=32,
        metavar="N",
        help="pages open at once (default: %(default)s)",
    )
    group.add_argument(
        "--max-visitors",
        type=int,
        default=2,
        metavar="N",
        help="visitors' own cameras at once; 0: none (default: %(default)s)",
    )


def _add_page_options(group: argparse._ArgumentGroup) -> None:
    add_network_options(group, model="lite")
    group.add_argument(
        "--smoothing",
        type=float,
        default=1.0,
        metavar="S",
        help="at the start; 0: raw landmarks; more than 1: steadier (default: 1)",
    )
    group.add_argument(
        "--once", action="store_true", help="play files once instead of repeating them"
    )
    group.add_argument(
        "--picture-size",
        type=int,
        default=1280,
        metavar="PX",
        help="scale larger frames down to this longer side (default: %(default)s)",
    )
    group.add_argument(
        "--quality",
        type=int,
        default=80,
        metavar="Q",
        help="quality of JPEG pictures (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Serve until the user stops it."""
    run_server(
        options.sources,
        ServeOptions(
            host=options.host,
            port=options.port,
            token=options.token or os.environ.get(TOKEN_VARIABLE) or None,
            allowed_hosts=tuple(options.allow_host),
            certificate=options.certificate,
            key=options.key,
            model=options.model,
            device=options.device,
            finder=options.finder,
            smoothing=options.smoothing,
            loop=not options.once,
            picture_px=options.picture_size,
            quality=options.quality,
            max_clients=options.max_clients,
            max_visitors=options.max_visitors,
        ),
        on_ready=_say_where,
    )
    print("kilomark: stopped", file=sys.stderr)
    return 0


def _say_where(address: ServerAddress) -> None:
    print(f"kilomark: the page is at {address.url_with_token}", file=sys.stderr, flush=True)
