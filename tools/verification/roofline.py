"""What a GPU can reach at best: operations over peak, bytes over bandwidth, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kilomark.conversion.arithmetic import LayerWork

BYTES_PER_VALUE = 2  # half precision

EFFICIENCY = 0.6
"""Share of the roofline that well-written layers reach; assumed, not measured."""
LAYER_OVERHEAD_US = 2.5
"""Time that a layer takes however small it is, in a CUDA graph; assumed, not measured."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """Peaks as its maker states them.

    Attributes:
        tensor_tflops: half precision, dense, summed in float32, on tensor cores.
        vector_tflops: float32 on CUDA cores, where grouped convolutions with few channels run.
        memory_gbps: of its memory, in GB/s.
        upload_gbps: from the host, in GB/s; on a Jetson the memory is shared.
        source: where the figures stand.
    """

    name: str
    tensor_tflops: float
    vector_tflops: float
    memory_gbps: float
    upload_gbps: float
    source: str


GPUS = (
    Gpu("H100 SXM", 989.4, 66.9, 3350, 50, "H100 Tensor Core GPU data sheet, 1,979 with sparsity"),
    Gpu("RTX 4090", 165.2, 82.6, 1008, 25, "Ada GPU architecture white paper, table of appendix A"),
    Gpu("Jetson AGX Orin 64GB", 42.5, 5.3, 204.8, 204.8,
        "Jetson AGX Orin technical brief: 170 sparse INT8 TOPS of its GPU are 42.5 dense in half"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bound:
    """Times of one batch: the least possible, and what is to be expected."""

    flops: int
    weight_bytes: int
    activation_bytes: int
    floor_us: float
    expected_us: float


def bound(work: Sequence[LayerWork], gpu: Gpu) -> Bound:
    """Bound the time of a network in half precision, all of its layers in turn."""
    floors = [_floor_us(layer, gpu) for layer in work]
    return Bound(
        flops=sum(layer.flops for layer in work),
        weight_bytes=BYTES_PER_VALUE * sum(layer.weights for layer in work),
        activation_bytes=BYTES_PER_VALUE * sum(layer.activations for layer in work),
        floor_us=sum(floors),
        expected_us=sum(max(floor / EFFICIENCY, LAYER_OVERHEAD_US) for floor in floors),
    )


def gpu_named(name: str) -> Gpu | None:
    """Find the peaks of a GPU by the name that its driver gives it."""
    plain = name.lower().replace("nvidia", "").replace("geforce", "")
    for gpu in GPUS:
        if all(word in plain for word in gpu.name.lower().split()[:2] if word != "sxm"):
            return gpu
    return None


def transfer_us(num_bytes: int, gpu: Gpu) -> float:
    """Time to bring bytes to the GPU, or back."""
    return num_bytes / gpu.upload_gbps / 1e3


def crop_floor_us(gpu: Gpu, *, faces: int, crop_px: int, side_px: int) -> float:
    """Bound the time of cropping faces ``side_px`` wide in the frame: BGR read, half written."""
    return faces * (3 * side_px**2 + 3 * BYTES_PER_VALUE * crop_px**2) / gpu.memory_gbps / 1e3


def _floor_us(layer: LayerWork, gpu: Gpu) -> float:
    tflops = gpu.tensor_tflops if layer.groups == 1 else gpu.vector_tflops
    moved = BYTES_PER_VALUE * (layer.weights + layer.activations)
    return max(layer.flops / tflops / 1e6, moved / gpu.memory_gbps / 1e3)
