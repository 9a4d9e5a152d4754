"""Reading ONNX graphs: who makes and who takes each value, and of which type it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import onnx
from onnx import helper, numpy_helper, shape_inference

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np

__all__ = [
    "ancestors",
    "cast_node",
    "element_types",
    "initializers",
    "name_nodes",
    "producers",
    "replace_nodes",
]

MATRIX_OPS = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})
"""Where all but a few of a network's multiplications are."""


def producers(graph: onnx.GraphProto) -> dict[str, onnx.NodeProto]:
    """Return the node that makes each value."""
    return {output: node for node in graph.node for output in node.output}


def initializers(graph: onnx.GraphProto) -> dict[str, np.ndarray[Any, Any]]:
    """Return the constant tensors of a graph by name."""
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}


def ancestors(graph: onnx.GraphProto, names: Iterable[str]) -> set[str]:
    """Return the names of all nodes that the nodes ``names`` depend on, without themselves."""
    made_by = producers(graph)
    nodes = {node.name: node for node in graph.node}
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        for value in nodes[waiting.pop()].input:
            parent = made_by.get(value)
            if parent is not None and parent.name not in found:
                found.add(parent.name)
                waiting.append(parent.name)
    return found


def element_types(proto: onnx.ModelProto) -> dict[str, int]:
    """Return the element type of each value, as ONNX's shape inference finds it."""
    graph = shape_inference.infer_shapes(proto, strict_mode=True).graph
    values = [*graph.input, *graph.output, *graph.value_info]
    types = {value.name: value.type.tensor_type.elem_type for value in values}
    return types | {tensor.name: tensor.data_type for tensor in graph.initializer}


def name_nodes(proto: onnx.ModelProto) -> None:
    """Give a name to nodes that have none or share one, so that a name means one node."""
    taken: set[str] = set()
    for number, node in enumerate(proto.graph.node):
        if not node.name or node.name in taken:
            node.name = f"{node.op_type}_{number}"
        taken.add(node.name)


def replace_nodes(graph: onnx.GraphProto, nodes: list[onnx.NodeProto]) -> None:
    """Replace the nodes of the graph by ``nodes``; shapes inferred for the old ones are dropped."""
    copies = [helper.make_node("Identity", [], []) for _ in nodes]
    for copy, node in zip(copies, nodes, strict=True):
        copy.CopyFrom(node)
    del graph.node[:], graph.value_info[:]
    graph.node.extend(copies)


def cast_node(value: str, result: str, element_type: int) -> onnx.NodeProto:
    """Make a node that casts ``value``; its name is its result's."""
    return helper.make_node("Cast", [value], [result], name=result, to=element_type)
