"""How an ONNX file stores the weights of a network that computes in float32.

Storage only: what stands before a layer brings its weights back to float32, and runtimes fold that
when they load the network. Arithmetic in half precision or in eight bits is something else; see
`kilomark.conversion.half_precision` and `kilomark.conversion.int8`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from kilomark.conversion.onnx_graph import replace_nodes

if TYPE_CHECKING:
    from collections.abc import Mapping

    Array: TypeAlias = np.ndarray[Any, Any]

__all__ = ["WeightStorage", "expand_weights", "store_weights"]

WeightStorage: TypeAlias = Literal["single", "half", "int8"]

SMALLEST_HALVED = 256
"""Tensors of fewer elements stay in single precision."""
SMALLEST_IN_INT8 = 2048
"""Tensors of fewer elements are halved: they are few, and their scales would not pay."""
CLIPS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5)
"""Shares of a channel's largest weight that fewer than eight bits may end at."""


def store_weights(
    proto: onnx.ModelProto, storage: WeightStorage, *, bits: Mapping[str, int] | None = None
) -> onnx.ModelProto:
    """Store the weights of a network in fewer bytes; its arithmetic stays float32.

    ``"half"`` writes large tensors as float16 and a Cast. ``"int8"`` writes the matrices and
    convolutions as int8, with a float32 scale for each output channel and a DequantizeLinear, and
    other large tensors as ``"half"`` does.

    Args:
        proto: weights in float32, or stored by this function before.
        storage: how.
        bits: of single tensors in ``"int8"``, 2 to 8, by their name; 8 by default. Fewer than 8
            take as many bytes, but compress better. They may cut off the largest weights of a
            channel: of `CLIPS`, the one with the smallest mean square error is taken.

    Returns:
        Another model. Without the exporter's notes, which hold paths of the machine that exported.

    Raises:
        OverflowError: a weight does not fit into half precision.
        ValueError: ``bits`` names a tensor that is not stored in int8.
    """
    stored = expand_weights(proto)
    graph = stored.graph
    axes = _channel_axes(graph)
    bits = dict(bits or {})
    tensors: list[onnx.TensorProto] = []
    nodes: list[onnx.NodeProto] = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < SMALLEST_HALVED or storage == "single":
            tensors.append(tensor)
        elif storage == "int8" and values.ndim > 1 and values.size >= SMALLEST_IN_INT8:
            axis = axes.get(tensor.name, 0)
            quantized, scales = quantize_channels(values, axis, bits.pop(tensor.name, 8))
            names = [f"{tensor.name}.int8", f"{tensor.name}.scale"]
            tensors += map(numpy_helper.from_array, (quantized, scales), names)
            nodes.append(helper.make_node("DequantizeLinear", names, [tensor.name], axis=axis))
        else:
            tensors.append(numpy_helper.from_array(_to_half(values, tensor.name), _half(tensor)))
            nodes.append(
                helper.make_node("Cast", [_half(tensor)], [tensor.name], to=TensorProto.FLOAT)
            )
    if bits:
        raise ValueError(f"{', '.join(sorted(bits))} is not stored in int8, so it has no bits")
    tensors = [_copy(tensor) for tensor in tensors]  # of the list that is emptied now
    del graph.initializer[:]
    graph.initializer.extend(tensors)
    replace_nodes(graph, [*nodes, *graph.node])
    _drop_notes(stored)
    onnx.checker.check_model(stored)
    return stored


def expand_weights(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with its stored weights as the float32 that it computes with.

    The opposite of `store_weights`. Quantized activations stay as they are.
    """
    expanded = onnx.ModelProto()
    expanded.CopyFrom(proto)
    graph = expanded.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    kept, new, used_up = [], [], set()
    for node in graph.node:
        values = _expanded(node, weights)
        if values is None:
            kept.append(node)
            continue
        new.append(numpy_helper.from_array(values, node.output[0]))
        used_up.update(node.input)
    used_up -= {value for node in kept for value in node.input}
    rest = [_copy(tensor) for tensor in graph.initializer if tensor.name not in used_up]
    del graph.initializer[:]
    graph.initializer.extend([*rest, *new])
    replace_nodes(graph, kept)
    return expanded


def quantize_channels(values: Array, axis: int, bits: int = 8) -> tuple[Array, Array]:
    """Round each channel to symmetric steps of its own.

    Args:
        values: float32 of any shape.
        axis: of the channels.
        bits: 2 to 8; the steps go from ``-(2 ** (bits - 1) - 1)`` to as much above 0.

    Returns:
        The steps, int8 of the same shape, and the size of one step, float32 (channels,).
    """
    if not 2 <= bits <= 8:
        raise ValueError(f"{bits} bits; expected 2 to 8")
    levels = 2 ** (bits - 1) - 1
    others = tuple(index for index in range(values.ndim) if index != axis)
    largest = np.abs(values).max(axis=others, keepdims=True)
    largest[largest == 0] = 1.0
    best_error = np.full_like(largest, np.inf)
    best_scale = largest
    for clip in CLIPS if bits < 8 else CLIPS[:1]:
        scale = largest * np.float32(clip / levels)
        rounded = np.clip(np.rint(values / scale), -levels, levels)
        error = ((rounded * scale - values) ** 2).sum(axis=others, keepdims=True)
        best_scale = np.where(error < best_error, scale, best_scale)
        best_error = np.minimum(error, best_error)
    steps = np.clip(np.rint(values / best_scale), -levels, levels).astype(np.int8)
    return steps, best_scale.ravel().astype(np.float32)


def _expanded(node: onnx.NodeProto, weights: Mapping[str, onnx.TensorProto]) -> Array | None:
    """What a node makes of stored weights in float32; None if it does something else."""
    if not all(value in weights for value in node.input if value):
        return None
    inputs = [numpy_helper.to_array(weights[value]) for value in node.input if value]
    attributes = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    if node.op_type == "Cast" and attributes["to"] == TensorProto.FLOAT:
        return inputs[0].astype(np.float32)
    if node.op_type != "DequantizeLinear" or inputs[1].dtype != np.float32:
        return None
    if attributes.get("block_size"):
        return None
    steps, scales, *zeros = inputs
    shape = [1] * steps.ndim
    if scales.ndim:
        shape[attributes.get("axis", 1)] = -1
    zero = zeros[0].astype(np.int32).reshape(shape) if zeros else 0
    expanded: Array = (steps.astype(np.int32) - zero).astype(np.float32) * scales.reshape(shape)
    return expanded


def _channel_axes(graph: onnx.GraphProto) -> dict[str, int]:
    """The axis of the output channels of matrices that are multiplied from the right."""
    from_the_right = set()
    for node in graph.node:
        if node.op_type not in ("Gemm", "MatMul") or len(node.input) < 2:
            continue
        attributes = {item.name: helper.get_attribute_value(item) for item in node.attribute}
        if not attributes.get("transB", 0):
            from_the_right.add(node.input[1])
    return {
        tensor.name: len(tensor.dims) - 1
        for tensor in graph.initializer
        if tensor.name in from_the_right
    }


def _to_half(values: Array, name: str) -> Array:
    largest = float(np.abs(values).max())
    if largest > np.finfo(np.float16).max:
        raise OverflowError(f"{name} holds {largest:g}, half ends at 65504")
    return values.astype(np.float16)


def _half(tensor: onnx.TensorProto) -> str:
    return f"{tensor.name}.half"


def _copy(tensor: onnx.TensorProto) -> onnx.TensorProto:
    copy = onnx.TensorProto()
    copy.CopyFrom(tensor)
    return copy


def _drop_notes(proto: onnx.ModelProto) -> None:
    for node in proto.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    del proto.graph.metadata_props[:], proto.metadata_props[:]
