"""Proving that a network may run in half precision, and finding the layers that may not."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.conversion.half_precision import (
    LARGEST_HALF,
    emulate_half,
    half_layers,
    output_layers,
    to_half,
)
from kilomark.conversion.onnx_graph import MATRIX_OPS, initializers, name_nodes
from kilomark.conversion.onnx_run import Images, Outputs, output_ranges, run_model
from kilomark.conversion.weight_storage import expand_weights
from kilomark.errors import EngineError

if TYPE_CHECKING:
    import onnx

__all__ = ["FINDER_LIMITS", "LANDMARK_LIMITS", "HalfNetwork", "Limits", "Movement", "make_half"]

log = logging.getLogger(__name__)

HEADROOM = 8.0
"""A layer stays in float32 if its values, times this, would overflow half precision."""
SENSITIVITY_IMAGES = 8
SURE_SCORE = 0.3  # cells of the finder below this are not faces, wherever their boxes are


@dataclass(frozen=True, slots=True)
class Limits:
    """How far outputs may move, in pixels of the network's input."""

    mean_px: float
    worst_px: float
    score: float


LANDMARK_LIMITS = Limits(mean_px=0.05, worst_px=0.25, score=0.01)
FINDER_LIMITS = Limits(mean_px=0.1, worst_px=1.0, score=0.01)


@dataclass(frozen=True, slots=True)
class Movement:
    """How far outputs moved: points in pixels, scores (presence, of a face) in probability."""

    mean_px: float
    worst_px: float
    score: float

    def within(self, limits: Limits) -> bool:
        """Whether this is within the limits; NaN is not."""
        return bool(
            self.mean_px <= limits.mean_px
            and self.worst_px <= limits.worst_px
            and self.score <= limits.score
        )

    def __str__(self) -> str:
        return f"{self.mean_px:.4f} px on average, {self.worst_px:.4f} px at worst"


@dataclass(frozen=True, slots=True, eq=False)
class HalfNetwork:
    """A strongly typed network in half precision, and the proof that it may be used.

    Attributes:
        model: the network.
        kept: the layers that stay in float32, each with the reason.
        ranges: the largest absolute value of each layer's output.
        movement: how far rounding to half moves the outputs.
        num_images: on how many images that was measured.
    """

    model: onnx.ModelProto
    kept: dict[str, str]
    ranges: dict[str, float]
    movement: Movement
    num_images: int

    def facts(self) -> dict[str, Any]:
        """Return all fields as JSON values."""
        halves = half_layers(self.model)
        in_half = {name: self.ranges[name] for name in halves if name in self.ranges}
        largest = max(in_half, key=in_half.__getitem__, default="")
        return {
            "half_layers": len(halves),
            "kept_in_fp32": _by_reason(self.kept),
            "largest_in_half": {"layer": largest, "value": round(in_half.get(largest, 0.0), 3)},
            "activation_ranges": {name: round(value, 4) for name, value in self.ranges.items()},
            "moved_by_half": {
                "mean_px": round(self.movement.mean_px, 5),
                "worst_px": round(self.movement.worst_px, 5),
                "score": round(self.movement.score, 6),
                "images": self.num_images,
            },
        }


def make_half(stored: onnx.ModelProto, images: Images, limits: Limits) -> HalfNetwork:
    """Convert a network to half precision, with as few layers in float32 as the limits allow.

    The last layers stay in float32, and those that would overflow. If rounding then still moves the
    outputs by more than the limits, the layers that move them most stay in float32 as well.

    Args:
        stored: the network of a bundle.
        images: (N, 3, H, W) float32, normalized: faces like those that it will see.
        limits: how far the outputs may move.

    Raises:
        EngineError: not even with half of the layers in float32 the outputs stay within the limits.
    """
    proto = expand_weights(stored)
    name_nodes(proto)
    ranges = output_ranges(proto, images)
    kept = dict.fromkeys(output_layers(proto), "outputs need more than half's 11 bits")
    kept |= _overflowing(proto, ranges)
    reference = run_model(proto, images)
    sensitive = None
    while True:
        half = to_half(proto, kept)
        movement = movement_of(reference, run_model(emulate_half(half), images))
        if movement.within(limits):
            by_layer = _by_layer(proto, ranges)
            named = {name: kept[name] for name in by_layer if name in kept}
            return HalfNetwork(half, named, by_layer, movement, len(images))
        if sensitive is None:
            sensitive = _most_sensitive(proto, set(kept), images[:SENSITIVITY_IMAGES])
        if len(kept) > len(proto.graph.node) / 2 or not sensitive:
            raise EngineError(
                f"in half precision the outputs move by {movement}; expected at most "
                f"{limits.mean_px} px and {limits.worst_px} px, even with {len(kept)} of "
                f"{len(proto.graph.node)} layers in float32: use --precision fp32"
            )
        name = sensitive.pop()
        log.info("outputs move by %s; %s stays in float32", movement, name)
        kept[name] = "rounding it moves the outputs most"


def movement_of(reference: Outputs, found: Outputs) -> Movement:
    """Compare the outputs of two landmark networks, or of two face detectors."""
    if "landmarks" in reference:
        points = _distances(reference["landmarks"], found["landmarks"])
        scores = reference["presence"] - found["presence"]
    else:
        sure = reference["scores"] >= SURE_SCORE
        sides = np.abs(reference["distances"] - found["distances"])[sure]
        keypoints = _distances(reference["keypoints"], found["keypoints"])[sure]
        points = np.concatenate([sides.ravel(), keypoints.ravel()])
        scores = reference["scores"] - found["scores"]
    if not points.size:
        raise EngineError(
            "the face detector found no face in the images that conversion is checked on; expected "
            "photos of faces: name some with --samples"
        )
    return Movement(float(points.mean()), float(points.max()), float(np.abs(scores).max()))


def _distances(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    distances: np.ndarray[Any, Any] = np.linalg.norm(a - b, axis=-1)
    return distances


def _overflowing(proto: onnx.ModelProto, ranges: dict[str, float]) -> dict[str, str]:
    """Return the layers whose inputs, outputs or weights do not fit into half precision."""
    ranges = dict(ranges)
    for name, values in initializers(proto.graph).items():
        if values.dtype == np.float32 and values.size:
            ranges[name] = float(np.abs(values).max()) / HEADROOM  # weights do not grow
    found = {}
    for node in proto.graph.node:
        largest = max((ranges.get(value, 0.0) for value in [*node.input, *node.output]), default=0)
        if not largest * HEADROOM <= LARGEST_HALF:
            found[node.name] = f"values up to {largest:.4g} leave too little room below 65504"
    return found


def _most_sensitive(proto: onnx.ModelProto, kept: set[str], images: Images) -> list[str]:
    """Return the matrix layers that are in half, the one whose rounding moves most at the end."""
    reference = run_model(proto, images)
    everything = {node.name for node in proto.graph.node}
    moved = {}
    for node in proto.graph.node:
        if node.op_type in MATRIX_OPS and node.name not in kept:
            alone = emulate_half(to_half(proto, everything - {node.name}))
            moved[node.name] = movement_of(reference, run_model(alone, images)).mean_px
    return sorted(moved, key=moved.__getitem__)


def _by_reason(kept: dict[str, str]) -> dict[str, list[str]]:
    return {
        reason: [name for name, other in kept.items() if other == reason]
        for reason in dict.fromkeys(kept.values())
    }


def _by_layer(proto: onnx.ModelProto, ranges: dict[str, float]) -> dict[str, float]:
    return {
        node.name: max(ranges[value] for value in node.output if value in ranges)
        for node in proto.graph.node
        if any(value in ranges for value in node.output)
    }
