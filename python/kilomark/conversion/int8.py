"""A landmark network in eight-bit integers, for CPUs: a bundle with explicit quantization (Q/DQ).

The convolutions are quantized, each with a scale per output channel. The matrix products of the
head stay in float32: eight bits of a coordinate are half a pixel, and the head takes a hundredth of
the time.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import nncf
import onnx

from kilomark.bundle_files import write_bundle
from kilomark.conversion.converted import is_quantized
from kilomark.conversion.half_check import Movement, movement_of
from kilomark.conversion.onnx_graph import fold_weight_casts, name_nodes
from kilomark.conversion.onnx_run import run_model
from kilomark.errors import EngineError, InvalidInputError
from kilomark.export.sample_faces import read_samples
from kilomark.manifest import LandmarkBundle

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark.conversion.onnx_run import Images
    from kilomark.manifest import Bundle

__all__ = ["quantize_bundle", "quantize_model"]

log = logging.getLogger(__name__)

CALIBRATION_IMAGES = 200
CHECK_IMAGES = 100
FEWEST_IMAGES = 20
LARGEST_MEAN_MOVE_PX = 0.5


def quantize_bundle(bundle: Bundle, faces: Path, folder: Path) -> Movement:
    """Write the quantized twin of a landmark bundle into ``folder``.

    Args:
        bundle: its network is not quantized yet.
        faces: photos of faces, of which four in five are calibrated on and one in five is for the
            check; or a data set of face crops, of which the training split is calibrated on and the
            validation split is for the check.
        folder: of the new bundle.

    Returns:
        How far quantization moves the landmarks of the faces that it was not calibrated on.

    Raises:
        InvalidInputError: this is a face finder, is quantized already, or there are too few faces.
        EngineError: quantized, the network places landmarks elsewhere.
    """
    stored = onnx.load_from_string(bundle.model)
    if not isinstance(bundle, LandmarkBundle) or is_quantized(stored):
        found = "finds faces" if not isinstance(bundle, LandmarkBundle) else "is quantized already"
        raise InvalidInputError(
            f"the bundle {bundle.name!r} {found}; expected a landmark network in floating point"
        )
    calibration, check = _split(bundle, faces)
    quantized, kept = quantize_model(stored, calibration)
    movement = movement_of(run_model(stored, check), run_model(quantized, check))
    if not movement.mean_px <= LARGEST_MEAN_MOVE_PX:
        raise EngineError(
            f"quantized, {bundle.name!r} moves its landmarks by {movement}; expected at most "
            f"{LARGEST_MEAN_MOVE_PX} px on average: calibrate on more faces, or on faces like "
            "those that it will see"
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
        calibration: (N, 3, H, W) float32, normalised faces on which activations are measured.
    """
    proto = fold_weight_casts(stored)
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


def _split(bundle: LandmarkBundle, faces: Path) -> tuple[Images, Images]:
    """Return the faces to calibrate on and others to check with."""
    if (faces / "labels.npz").is_file():
        return (
            read_samples(bundle, faces, split="train", at_most=CALIBRATION_IMAGES),
            read_samples(bundle, faces, split="val", at_most=CHECK_IMAGES),
        )
    images = read_samples(bundle, faces, at_most=CALIBRATION_IMAGES + CALIBRATION_IMAGES // 4)
    if len(images) < FEWEST_IMAGES:
        raise InvalidInputError(
            f"{faces} has {len(images)} faces; expected at least {FEWEST_IMAGES}, better "
            f"{CALIBRATION_IMAGES}, to measure activations on"
        )
    checked: Any = [index % 5 == 4 for index in range(len(images))]
    calibrated = [not chosen for chosen in checked]
    return images[calibrated], images[checked]
