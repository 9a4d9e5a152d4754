"""The `kilomark` command.

Exit codes:

* 0: all went well. A photo without faces is no failure.
* 1: some photos could not be read; the others were processed.
* 2: the command line, a bundle, the device or a place to write is wrong.
* 130: interrupted.
"""

from __future__ import annotations

import argparse
import io
import logging
import os
import sys
from typing import TYPE_CHECKING

import kilomark
from kilomark.cli import (
    EXIT_INTERRUPTED,
    convert,
    data,
    doctor,
    evaluate,
    export,
    export_triton,
    folder,
    info,
    predict,
    send,
    serve,
    submit,
    train,
    video,
    webcam,
    weights,
)
from kilomark.cli.command_parser import CommandParser, add_verbose
from kilomark.errors import KilomarkError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

SUBCOMMANDS = (
    predict,
    folder,
    video,
    webcam,
    serve,
    send,
    doctor,
    info,
    data,
    train,
    weights,
    evaluate,
    export,
    export_triton,
    convert,
    submit,
)
EPILOG = """\
examples:
  kilomark predict --demo -o out.png           the demo photo with its landmarks drawn
  kilomark predict *.jpg --json faces.json     boxes, landmarks and pose as JSON
  kilomark folder photos/ -o faces/            a whole collection; stop and go on at any time
  kilomark predict crowd.jpg --finder-tiles 4  small faces
  kilomark doctor                              why a device or package cannot be used
  kilomark train -h                            the options of one command

exit codes: 0 all went well; 1 some photos could not be read; 2 the command line, a bundle, the
device or a place to write is wrong; 130 interrupted
"""
EXIT_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; ``arguments`` are those of this process by default. Return the exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of files may hold anything
        sys.stdout.reconfigure(errors="backslashreplace")
    options = make_parser().parse_args(_join_names(arguments))
    level = logging.INFO if options.verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(name)s: %(message)s")
    try:
        code: int = options.run(options)
        if sys.stdout is not None:  # it may be closed
            sys.stdout.flush()
    except KilomarkError as error:
        return _fail(str(error))
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "kilomark":
            raise
        return _fail(f"this command needs {error.name}: pip install 'kilomark[train]'")
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except OSError as error:
        return _fail_on_file(error)
    except MemoryError:
        return _fail("out of memory; process smaller or fewer photos at once")
    return code


def _fail_on_file(error: OSError) -> int:
    """Say which file could not be read or written; without a name it is the standard output."""
    if error.filename is not None:
        return _fail(f"{error.filename}: {error.strerror or error}")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the exit flushes once more
    if isinstance(error, BrokenPipeError):  # the reader, such as `head`, has seen enough
        return 0
    return _fail(f"the standard output cannot be written: {error.strerror or error}")


def _join_names(arguments: Sequence[str] | None) -> list[str]:
    """Join the two words of ``export triton``, which is a command of its own."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    return ["export triton", *words[2:]] if words[:2] == ["export", "triton"] else words


def _fail(message: str) -> int:
    print(f"kilomark: {message}", file=sys.stderr)
    return EXIT_ERROR


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="kilomark",
        usage="kilomark COMMAND [options]",
        description="Find faces in images and place 971 landmarks on each.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"kilomark {kilomark.__version__}")
    add_verbose(parser, default=False)
    subparsers = parser.add_subparsers(
        metavar="COMMAND",
        required=True,
        prog="kilomark",
        title="commands",
        parser_class=CommandParser,
    )
    for subcommand in SUBCOMMANDS:
        subcommand.add_parser(subparsers)
    return parser


if __name__ == "__main__":
    sys.exit(main())
