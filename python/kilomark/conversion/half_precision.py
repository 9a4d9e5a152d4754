"""A network in half precision: strongly typed, so that TensorRT has no choice of precision left.

The types stand in the graph: float32 in and out, a Cast where half begins and where it ends. The
same file serves TensorRT 10 and 11. onnxruntime's converter is not used because it rounds to half
between nodes that are kept in float32, and so would round the landmarks themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from kilomark.conversion.onnx_graph import (
    MATRIX_OPS,
    ancestors,
    cast_node,
    element_types,
    initializers,
    name_nodes,
    replace_nodes,
)

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["output_layers", "to_half"]

LARGEST_HALF = float(np.finfo(np.float16).max)
# Inputs that ONNX requires in float32 in any case: a region of interest, and scales.
_FLOAT_INPUTS = {"Resize": (1, 2)}
_NEVER_HALF = frozenset({"Cast", "QuantizeLinear", "DequantizeLinear"})


def output_layers(proto: onnx.ModelProto) -> set[str]:
    """Return the nodes that turn features into outputs: they stay in float32.

    Those are the last matrix products on each way to an output, if they are not convolutions, and
    what follows the last products. Half has eleven bits: a landmark at 100 px would be known to
    1/16 px. They are less than a hundredth of the arithmetic.
    """
    graph = proto.graph
    products = [node.name for node in graph.node if node.op_type in MATRIX_OPS]
    before_products = ancestors(graph, products)
    convolutions = {node.name for node in graph.node if node.op_type.startswith("Conv")}
    return {node.name for node in graph.node} - before_products - convolutions


def to_half(proto: onnx.ModelProto, keep: Collection[str]) -> onnx.ModelProto:
    """Return the network in half, but for the nodes ``keep``, which stay in float32.

    Args:
        proto: float32 throughout; see `expand_weights`. Its nodes have names of their own.
        keep: names of nodes.

    Raises:
        ValueError: ``keep`` names a node that is not there.
        OverflowError: a weight does not fit into half precision.
    """
    unknown = set(keep) - {node.name for node in proto.graph.node}
    if unknown:
        raise ValueError(f"there is no node {', '.join(sorted(unknown))} in the network")
    half = onnx.ModelProto()
    half.CopyFrom(proto)
    _HalfWriter(half, set(keep)).write()
    onnx.checker.check_model(half, full_check=True)
    return half


class _HalfWriter:
    """Rewrites a graph, node by node, in the order in which they run."""

    def __init__(self, proto: onnx.ModelProto, keep: set[str]) -> None:
        self.graph = proto.graph
        self.keep = keep
        self.types = element_types(proto)  # of the values as they were
        self.weights = initializers(proto.graph)
        self.half_values: set[str] = set()  # made in half now, under their own names
        self.nodes: list[onnx.NodeProto] = []
        self.casts: dict[tuple[str, int], str] = {}
        self.new_weights: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float16]]] = {}

    def write(self) -> None:
        for node in list(self.graph.node):
            half = self._is_half(node)
            float_inputs = _FLOAT_INPUTS.get(node.op_type, ())
            for index, value in enumerate(node.input):
                if self.types.get(value) == TensorProto.FLOAT:
                    wanted = half and index not in float_inputs
                    node.input[index] = self._typed(value, half=wanted)
            self.nodes.append(node)
            if half:
                self.half_values.update(
                    value for value in node.output if self.types.get(value) == TensorProto.FLOAT
                )
        self._restore_outputs()
        self._write_weights()
        replace_nodes(self.graph, self.nodes)

    def _is_half(self, node: onnx.NodeProto) -> bool:
        """Whether the node computes in half; what reads no float32 (a constant) makes it itself."""
        reads_floats = any(self.types.get(value) == TensorProto.FLOAT for value in node.input)
        return reads_floats and node.name not in self.keep and node.op_type not in _NEVER_HALF

    def _typed(self, value: str, *, half: bool) -> str:
        """Return the name under which ``value`` is to be had in half or in float32."""
        if value in self.weights:
            return self._half_weight(value) if half else value
        if (value in self.half_values) == half:
            return value
        wanted = TensorProto.FLOAT16 if half else TensorProto.FLOAT
        if (value, wanted) not in self.casts:
            name = f"{value}.{'half' if half else 'float'}"
            self.nodes.append(cast_node(value, name, wanted))
            self.casts[value, wanted] = name
        return self.casts[value, wanted]

    def _half_weight(self, value: str) -> str:
        values = self.weights[value]
        if values.size and np.abs(values).max() > LARGEST_HALF:
            raise OverflowError(
                f"{value} holds {np.abs(values).max():g}; half precision ends at {LARGEST_HALF:g}"
            )
        self.new_weights[f"{value}.half"] = values.astype(np.float16)
        return f"{value}.half"

    def _restore_outputs(self) -> None:
        """Give the graph's outputs in float32 under their names."""
        for output in self.graph.output:
            if output.name not in self.half_values:
                continue
            inner = f"{output.name}.half"
            for node in self.nodes:
                _rename(node, output.name, inner)
            self.nodes.append(cast_node(inner, output.name, TensorProto.FLOAT))

    def _write_weights(self) -> None:
        used = {value for node in self.nodes for value in node.input}
        kept = [tensor for tensor in self.graph.initializer if tensor.name in used]
        added = [numpy_helper.from_array(values, name) for name, values in self.new_weights.items()]
        del self.graph.initializer[:]
        self.graph.initializer.extend([*kept, *added])


def _rename(node: onnx.NodeProto, old: str, new: str) -> None:
    for values in (node.input, node.output):
        for index, value in enumerate(values):
            if value == old:
                values[index] = new


def half_layers(proto: onnx.ModelProto) -> list[str]:
    """Return the nodes of a strongly typed network that compute in half."""
    types = element_types(proto)
    return [
        node.name
        for node in proto.graph.node
        if node.op_type != "Cast" and types.get(node.output[0]) == TensorProto.FLOAT16
    ]


def emulate_half(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Return a float32 network that rounds to half whatever ``proto`` holds in half.

    No CPU computes this network in half, so each value that it holds in half is computed in float32
    from such values and rounded. That is what a GPU does at best and more rounding than TensorRT
    does, which keeps float32 inside of the layers that it fuses. Weights come as they are stored.
    """
    types = element_types(proto)
    emulated = onnx.ModelProto()
    emulated.CopyFrom(proto)
    graph = emulated.graph
    nodes = []
    for node in graph.node:
        if node.op_type == "Cast" and helper.get_node_attr_value(node, "to") == TensorProto.FLOAT:
            node = helper.make_node("Identity", list(node.input), list(node.output), name=node.name)
            nodes.append(node)
            continue
        rounded = [value for value in node.output if types.get(value) == TensorProto.FLOAT16]
        if node.op_type == "Cast" and rounded:
            nodes += _rounding(node.input[0], node.output[0])
            continue
        for value in rounded:
            _rename(node, value, f"{value}.exact")
        nodes.append(node)
        for value in rounded:
            nodes += _rounding(f"{value}.exact", value)
    for tensor in graph.initializer:
        if tensor.data_type == TensorProto.FLOAT16:
            values = numpy_helper.to_array(tensor).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    replace_nodes(graph, nodes)
    name_nodes(emulated)
    return emulated


def _rounding(value: str, result: str) -> list[onnx.NodeProto]:
    return [
        cast_node(value, f"{result}.rounded", TensorProto.FLOAT16),
        cast_node(f"{result}.rounded", result, TensorProto.FLOAT),
    ]
