"""``kilomark export triton``: write a model repository for NVIDIA Triton."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kilomark.cli.detector_options import add_threshold_options
from kilomark.triton import export_triton

if TYPE_CHECKING:
    import argparse

__all__ = ["add_parser"]

DESCRIPTION = """\
Write a model repository for NVIDIA Triton: 'kilomark', a Python model for whole photos, and the
bare networks 'kilomark_landmarks' and 'kilomark_faces'. The documentation's page "Large
collections" says how to serve it."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "export triton",
        help="write a model repository for NVIDIA Triton",
        description=DESCRIPTION,
    )
    parser.set_defaults(run=run)
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="the repository")
    parser.add_argument(
        "--model", default="resnext50", help="landmark network (default: %(default)s)"
    )
    parser.add_argument(
        "--finder",
        default="auto",
        metavar="BUNDLE",
        help="face detector (default: auto, the one that the landmark network's manifest names)",
    )
    parser.add_argument("--cpu", action="store_true", help="serve from a CPU, not from a GPU")
    parser.add_argument(
        "--engine",
        choices=("onnx", "onnx-tensorrt", "plan"),
        default="onnx",
        help="runtime of the bare networks; onnx-tensorrt builds engines on the server "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--plans",
        nargs=2,
        metavar=("LANDMARKS", "FACES"),
        help="for --engine plan: TensorRT engines, built on the server's GPU",
    )
    parser.add_argument(
        "--max-batch",
        type=int,
        default=16,
        metavar="N",
        help="photos or crops in a batch (default: %(default)s)",
    )
    add_threshold_options(parser, faces_of="photo")


def run(options: argparse.Namespace) -> int:
    """Write the repository; 0 when done."""
    out = export_triton(
        options.output,
        model=options.model,
        finder=options.finder,
        is_gpu=not options.cpu,
        engine=options.engine,
        plans=None if options.plans is None else tuple(options.plans),
        max_batch=options.max_batch,
        score_threshold=options.score_threshold,
        presence_threshold=options.presence_threshold,
        max_faces=options.max_faces,
    )
    print(f"wrote {out}: tritonserver --model-repository {out}")
    return 0
