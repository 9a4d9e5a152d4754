"""Running ONNX models on the CPU, as the reference that conversions are held against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Images", "Outputs", "output_ranges", "run_model"]

Images: TypeAlias = npt.NDArray[np.float32]
"""(N, 3, H, W), normalized as the network wants it."""
Outputs: TypeAlias = dict[str, npt.NDArray[Any]]

BATCH = 8


def run_model(proto: onnx.ModelProto, images: Images) -> Outputs:
    """Run a model on ``images`` and return each of its outputs, batches joined."""
    parts = list(_run_in_batches(proto, images))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def output_ranges(proto: onnx.ModelProto, images: Images) -> dict[str, float]:
    """Return the largest absolute value that each float value of the graph takes on ``images``."""
    watched = onnx.ModelProto()
    watched.CopyFrom(proto)
    graph = onnx.shape_inference.infer_shapes(watched, strict_mode=True).graph
    floats = [v for v in graph.value_info if v.type.tensor_type.elem_type == onnx.TensorProto.FLOAT]
    watched.graph.output.extend(floats)
    ranges: dict[str, float] = {}
    for outputs in _run_in_batches(watched, images):
        for name, values in outputs.items():
            largest = float(np.abs(values).max()) if values.size else 0.0
            ranges[name] = max(ranges.get(name, 0.0), largest)
    return ranges


def _run_in_batches(proto: onnx.ModelProto, images: Images) -> Iterator[Outputs]:
    options = onnxruntime.SessionOptions()
    # An optimizer might take a value that is rounded to half and back for the value itself.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    (image,) = session.get_inputs()
    for begin in range(0, len(images), BATCH):
        batch = {image.name: images[begin : begin + BATCH]}
        yield dict(zip(names, session.run(names, batch), strict=True))
