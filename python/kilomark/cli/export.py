"""``kilomark export``: turn a training run into a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.extras import check_train_extra

if TYPE_CHECKING:
    import argparse

__all__ = ["add_parser"]


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "export",
        help="turn a training run into a bundle",
        description="Write the averaged network of a run's newest checkpoint as a bundle: an ONNX "
        "model and a manifest. 'kilomark evaluate' then measures it.",
    )
    parser.add_argument(
        "run_dir", type=Path, metavar="RUN", help="folder that 'kilomark train' wrote"
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FOLDER", help="folder of the bundle"
    )
    parser.add_argument("--name", help="name of the bundle (default: the network's)")
    parser.add_argument(
        "--faces", type=Path, metavar="FOLDER",
        help="data set of face crops, for a run of version 0.1 without a topology.json",
    )  # fmt: skip
    parser.add_argument(
        "--weights", choices=("half", "int8", "single"), default="half",
        help="how the file stores the weights: int8 takes half the bytes of half; the arithmetic "
        "stays float32 (default: half)",
    )  # fmt: skip
    parser.add_argument(
        "--single",
        dest="weights",
        action="store_const",
        const="single",
        help="the same as --weights single",
    )
    parser.add_argument(
        "--score-shift", type=_parse_shift, default=0.0, metavar="S[,S,S]",
        help="for a face detector: subtracted from its score logits, so that 0.5 is a good "
        "threshold for faces of all sizes; one number, or one for each stride",
    )  # fmt: skip
    parser.add_argument(
        "--score-scale", type=float, default=1.0, metavar="FACTOR",
        help="for a face detector: multiplies its score logits, before the shift",
    )  # fmt: skip
    parser.set_defaults(run=run)


def _parse_shift(text: str) -> float | list[float]:
    shifts = [float(number) for number in text.split(",")]
    return shifts[0] if len(shifts) == 1 else shifts


def run(options: argparse.Namespace) -> int:
    """Export; 0 when done."""
    check_train_extra("kilomark export")
    from kilomark.export import export

    export(
        options.run_dir,
        options.output,
        name=options.name,
        faces=options.faces,
        weights=options.weights,
        score_shift=options.score_shift,
        score_scale=options.score_scale,
    )
    return 0
