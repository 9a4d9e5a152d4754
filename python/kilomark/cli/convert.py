"""``kilomark convert``: a network as an engine for a GPU, or quantized for the CPU."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

__all__ = ["add_parser"]

DESCRIPTION = """\
Convert a network to another precision, and check on faces that its landmarks stay where they are.
--target tensorrt builds the engine for this machine's GPU into the engine cache, where
Detector(device="cuda") finds it. --target tensorrt-rtx builds an engine for all RTX GPUs and needs
no GPU. --target onnx writes the ONNX model. --precision int8 writes a bundle for the CPU."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "convert", help="make an engine for a GPU, or quantize for the CPU", description=DESCRIPTION
    )
    add = parser.add_argument
    add(
        "model", metavar="MODEL",
        help="name of a shipped bundle, folder of a bundle, or of a training run",
    )  # fmt: skip
    add(
        "--precision", choices=("fp16", "int8", "fp32"), default="fp16",
        help="precision of the arithmetic (default: fp16)",
    )  # fmt: skip
    add(
        "--target", choices=("tensorrt", "tensorrt-rtx", "onnx"),
        help="default: tensorrt; not with --precision int8, which is for CPUs",
    )  # fmt: skip
    add(
        "-o", "--output", type=Path, metavar="FOLDER",
        help="where to write (default: the engine cache for tensorrt, else a folder named for the "
        "network and the precision)",
    )  # fmt: skip
    add(
        "--samples", type=Path, metavar="FOLDER",
        help="photos of faces, or a data set of face crops, to check and calibrate on (default: "
        "the demo photo, varied; int8 needs faces of your own)",
    )  # fmt: skip
    add("--min-batch", type=int, default=1, metavar="N", help="smallest batch (default: 1)")
    add(
        "--opt-batch",
        type=int,
        default=0,
        metavar="N",
        help="batch that the engine is tuned for (default: --max-batch, at most 8)",
    )
    add("--max-batch", type=int, default=16, metavar="N", help="largest batch (default: 16)")
    add("--finder-size", type=int, metavar="PX", help="input size of a face detector's engine")
    add("--device", default="cuda", help="GPU to build for: cuda, cuda:1, ... (default: cuda)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Convert; 0 when done."""
    from kilomark.export.bundle_conversion import Batches, convert

    logging.getLogger("kilomark").setLevel(logging.INFO)  # a build takes minutes: show it
    written = convert(
        options.model,
        precision=options.precision,
        target=options.target,
        out=options.output,
        samples=options.samples,
        batches=Batches(options.min_batch, options.opt_batch, options.max_batch),
        finder_size=options.finder_size,
        device=options.device,
    )
    print(written)
    return 0
