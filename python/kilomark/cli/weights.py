"""``kilomark weights``: write a run's averaged weights alone, to start another from."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.errors import InvalidInputError
from kilomark.extras import check_train_extra

if TYPE_CHECKING:
    import argparse

__all__ = ["add_parser"]

log = logging.getLogger(__name__)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "weights",
        help="write the weights of a training run, to start another run",
        description="Write the averaged weights of a run's newest checkpoint, trunk and head, for "
        "'kilomark train --init FILE'. The file lacks the optimizer's state, so no run can "
        "be resumed from it.",
    )
    parser.add_argument(
        "source", metavar="RUN", type=Path, help="folder of a run, or one checkpoint-*.pt of it"
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="a .safetensors file"
    )
    parser.add_argument(
        "--half", action="store_true", help="store matrices and convolutions in half precision"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the file; 0 when done."""
    check_train_extra("kilomark weights")
    from kilomark.training.weights_file import read_run_or_checkpoint, write_weights

    if options.output.suffix != ".safetensors":
        raise InvalidInputError(
            f"--output is {options.output}; expected the name of a .safetensors file"
        )
    state = read_run_or_checkpoint(options.source)
    try:
        write_weights(state, options.output, half=options.half)
    except OSError as error:
        raise InvalidInputError(f"cannot write {options.output}: {error}") from error
    log.info("wrote %s, %.1f MB", options.output, options.output.stat().st_size / 1e6)
    return 0
