"""A landmark network in eight-bit integers, for CPUs: a bundle with explicit quantization (Q/DQ).

The convolutions are quantized, each with a scale per output channel. The matrix products of the
head stay in float32: eight bits of a coordinate are half a pixel, and the head takes a hundredth of
the time.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import nncf
import onnx

from kilomark.bundle_files import write_bundle
from kilomark.conversion.converted import is_quantized
from kilomark.conversion.half_check import Movement, movement_of
from kilomark.conversion.onnx_graph import name_nodes
from kilomark.conversion.onnx_run import run_model
from kilomark.conversion.weight_storage import expand_weights
from kilomark.errors import EngineError, InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.manifest import LandmarkBundle

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark.conversion.onnx_run import Images
    from kilomark.manifest import Bundle

__all__ = ["quantize_bundle", "quantize_model"]

log = logging.getLogger(__name__)

LARGEST_MEAN_MOVE_PX = 0.5


def quantize_bundle(bundle: Bundle, calibration: Images, check: Images, folder: Path) -> Movement:
    """Write the quantized version of a landmark bundle into ``folder``.

    Args:
        bundle: its network is not quantized yet.
        calibration: (N, 3, H, W) inputs of the network, to measure its activations on.
        check: (M, 3, H, W) other inputs, to compare its outputs on.
        folder: of the new bundle.

    Returns:
        How far quantization moves the landmarks of the faces that it was not calibrated on.

    Raises:
        InvalidInputError: the network is a face detector, or is quantized already.
        EngineError: quantized, the network places landmarks elsewhere.
    """
    stored = onnx.load_from_string(bundle.model)
    if not isinstance(bundle, LandmarkBundle) or is_quantized(stored):
        found = "finds faces" if not isinstance(bundle, LandmarkBundle) else "is quantized already"
        raise InvalidInputError(
            f"the bundle {excerpt(bundle.name)} {found}; expected a landmark network in floating "
            "point"
        )
    quantized, kept = quantize_model(stored, calibration)
    movement = movement_of(run_model(stored, check), run_model(quantized, check))
    if not movement.mean_px <= LARGEST_MEAN_MOVE_PX:
        raise EngineError(
            f"quantized, {excerpt(bundle.name)} moves its landmarks by {movement}; expected at "
            f"most {LARGEST_MEAN_MOVE_PX} px on average: calibrate on more faces, or on faces like "
            "those of its use"
        )
    log.info("eight bits move the landmarks by %s, on %d other faces", movement, len(check))
    manifest = json.loads((bundle.folder / "manifest.json").read_text())
    manifest["name"] = f"{bundle.name}-int8"
    manifest["accuracy"] = {}  # not this network's
    manifest["quantization"] = {
        "from_sha256": manifest["model"]["sha256"],
        "by": f"nncf {nncf.__version__}",
        "calibrated_on_images": len(calibration),
        "kept_in_fp32": kept,
        "moved": {
            "mean_px": round(movement.mean_px, 4),
            "worst_px": round(movement.worst_px, 4),
            "images": len(check),
        },
    }
    write_bundle(folder, manifest, quantized.SerializeToString())
    return movement


def quantize_model(
    stored: onnx.ModelProto, calibration: Images
) -> tuple[onnx.ModelProto, list[str]]:
    """Quantize the convolutions of a network; return it and the layers left in float32.

    Args:
        stored: the network of a bundle.
        calibration: (N, 3, H, W) float32, normalized faces on which activations are measured.
    """
    proto = expand_weights(stored)
    name_nodes(proto)
    kept = [node.name for node in proto.graph.node if node.op_type in ("Gemm", "MatMul")]
    name = proto.graph.input[0].name
    nncf.set_log_level(logging.ERROR)
    quantized: onnx.ModelProto = nncf.quantize(
        proto,
        nncf.Dataset([{name: image[None]} for image in calibration]),
        preset=nncf.QuantizationPreset.MIXED,  # weights about zero, activations not
        subset_size=len(calibration),
        ignored_scope=nncf.IgnoredScope(names=kept),
    )
    for node in quantized.graph.node:
        del node.metadata_props[:]
    del quantized.metadata_props[:]
    return quantized, kept
