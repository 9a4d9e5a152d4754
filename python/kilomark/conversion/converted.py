"""What an engine is built from: a bundle's network in the precision asked for, checked on faces."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import onnx

from kilomark.conversion.half_check import FINDER_LIMITS, LANDMARK_LIMITS, make_half
from kilomark.conversion.samples import demo_samples
from kilomark.conversion.weight_storage import expand_weights
from kilomark.errors import EngineError
from kilomark.excerpts import excerpt
from kilomark.manifest import LandmarkBundle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kilomark.conversion.onnx_run import Images
    from kilomark.manifest import Bundle

__all__ = ["Converted", "convert_model"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Converted:
    """An ONNX model whose graph fixes its precision, and the measurements of it."""

    model: bytes
    facts: Mapping[str, Any]


def convert_model(
    bundle: Bundle, precision: Literal["fp16", "fp32"] = "fp16", *, samples: Images | None = None
) -> Converted:
    """Return the network of ``bundle`` as an ONNX model to build an engine from.

    Args:
        bundle: the network.
        precision: ``"fp16"`` converts and checks it; ``"fp32"`` takes it as it is.
        samples: (N, 3, H, W) inputs of the network to check half precision on; by default the
            demo photo, varied.

    Raises:
        EngineError: the network is quantized, or half precision moves its outputs.
    """
    stored = onnx.load_from_string(bundle.model)
    if is_quantized(stored):
        raise EngineError(
            f"the network of {excerpt(bundle.name)} is quantized for CPUs, in a way that TensorRT "
            "does not take; expected the bundle that it was quantized from, or device='cpu'"
        )
    if precision == "fp32":
        return Converted(expand_weights(stored).SerializeToString(), {})
    limits = LANDMARK_LIMITS if isinstance(bundle, LandmarkBundle) else FINDER_LIMITS
    images = demo_samples(bundle) if samples is None else samples
    half = make_half(stored, images, limits)
    log.info("half precision moves the outputs by %s, on %d images", half.movement, len(images))
    return Converted(half.model.SerializeToString(), half.facts())


def is_quantized(proto: onnx.ModelProto) -> bool:
    """Whether a model holds explicit quantization (Q/DQ nodes)."""
    return any(node.op_type == "QuantizeLinear" for node in proto.graph.node)
