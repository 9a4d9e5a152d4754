"""The tables of docs/gpu-figures.md: what GPUs should reach, from operations and bytes alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx

from kilomark.conversion.arithmetic import LayerWork, layer_work
from kilomark.manifest import read_bundle

from .roofline import GPUS, bound, crop_floor_us, transfer_us

if TYPE_CHECKING:
    from collections.abc import Iterator

BUNDLES = ("resnext50", "lite", "faces")
BATCHES = (1, 64)
FRAME_BYTES = 640 * 480 * 3
FACE_PX = 160


def tables() -> str:
    """Return the tables in Markdown: of the networks, and of each network on each GPU."""
    return "\n".join([*_networks(), "", *_times(), "", *_pipeline()])


def _networks() -> Iterator[str]:
    yield "| network | input | operations | in grouped convolutions | weights | activations |"
    yield "|---|---|---|---|---|---|"
    for name in BUNDLES:
        work, size = _work(name, 1)
        flops = sum(layer.flops for layer in work)
        grouped = sum(layer.flops for layer in work if layer.groups > 1)
        cost = bound(work, GPUS[0])
        yield (
            f"| `{name}` | {size} px | {flops / 1e6:,.0f} MFLOP | {grouped / 1e6:.0f} MFLOP | "
            f"{cost.weight_bytes / 1e6:.1f} MB | {cost.activation_bytes / 1e6:.1f} MB |"
        )


def _times() -> Iterator[str]:
    yield "| network | batch | " + " | ".join(f"{gpu.name}" for gpu in GPUS) + " |"
    yield "|---|---|" + "---|" * len(GPUS)
    for name in BUNDLES:
        for batch in BATCHES:
            work, _ = _work(name, batch)
            costs = [bound(work, gpu) for gpu in GPUS]
            cells = [f"{c.floor_us:,.0f} us; {c.expected_us:,.0f} us" for c in costs]
            yield f"| `{name}` | {batch} | " + " | ".join(cells) + " |"


def _pipeline() -> Iterator[str]:
    yield "| stage, batch 1 | " + " | ".join(gpu.name for gpu in GPUS) + " |"
    yield "|---|" + "---|" * len(GPUS)
    upload = [f"{transfer_us(FRAME_BYTES, gpu):.0f} us" for gpu in GPUS]
    crops = [f"{crop_floor_us(g, faces=1, crop_px=128, side_px=FACE_PX):.2f} us" for g in GPUS]
    results = [f"{transfer_us(971 * 12 + 4, gpu):.1f} us" for gpu in GPUS]
    yield "| upload of a 640 x 480 BGR frame | " + " | ".join(upload) + " |"
    yield "| crop of a face of 160 px, bytes alone | " + " | ".join(crops) + " |"
    yield "| download of 971 landmarks | " + " | ".join(results) + " |"


def _work(name: str, batch: int) -> tuple[list[LayerWork], int]:
    bundle = read_bundle(name)
    proto = onnx.load_from_string(bundle.model)
    return layer_work(proto, bundle.input.height, bundle.input.width, batch), bundle.input.width
