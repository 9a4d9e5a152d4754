"""How all subcommands parse: ``-v`` after the name, and errors that show the command's usage."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CommandParser", "add_verbose"]


class CommandParser(argparse.ArgumentParser):
    """The parser of one subcommand."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  # argparse's own
        super().__init__(**options)
        add_verbose(self, default=argparse.SUPPRESS)  # keeps what was given before the name

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse, and refuse unknown options here: the caller would show another usage."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown


def add_verbose(parser: argparse.ArgumentParser, *, default: bool | str) -> None:
    """Add ``-v``."""
    parser.add_argument(
        "-v", "--verbose", action="store_true", default=default, help="log each step"
    )
