"""How much a network computes and moves, counted from its graph."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import onnx
from onnx import helper, shape_inference

from kilomark.conversion.onnx_graph import MATRIX_OPS
from kilomark.conversion.weight_storage import expand_weights

__all__ = ["LayerWork", "count_flops", "layer_work"]


@dataclass(frozen=True, slots=True)
class LayerWork:
    """What one layer does for a whole batch.

    Attributes:
        name: of the node.
        kind: of the node, such as ``"Conv"``.
        flops: floating-point operations; a multiply-add is two.
        groups: of a convolution, else 1.
        weights: numbers stored for the layer.
        activations: numbers read and written for the batch.
    """

    name: str
    kind: str
    flops: int
    groups: int
    weights: int
    activations: int


def count_flops(proto: onnx.ModelProto, height: int, width: int, batch: int = 1) -> int:
    """Count the floating-point operations of a network's convolutions and matrix products.

    Those are more than 99 % of all in the networks here. A multiply-add is two operations.
    """
    return sum(layer.flops for layer in layer_work(proto, height, width, batch))


def layer_work(proto: onnx.ModelProto, height: int, width: int, batch: int = 1) -> list[LayerWork]:
    """Say what each convolution and each matrix product does, in the order in which they run.

    Activation functions, sums and pooling are not listed: an engine fuses them into these layers.
    """
    folded = expand_weights(proto)
    graph = folded.graph
    for size, dimension in zip(
        (batch, 3, height, width), graph.input[0].type.tensor_type.shape.dim, strict=True
    ):
        dimension.dim_value = size
    del graph.value_info[:]
    for output in graph.output:  # stated for any batch
        output.type.tensor_type.ClearField("shape")
    shapes = _shapes(shape_inference.infer_shapes(folded, strict_mode=True, data_prop=True).graph)
    weights = {tensor.name for tensor in graph.initializer}
    return [_work(node, shapes, weights) for node in graph.node if node.op_type in MATRIX_OPS]


def _shapes(graph: onnx.GraphProto) -> dict[str, tuple[int, ...]]:
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in [*graph.input, *graph.value_info, *graph.output]:
        shapes[value.name] = tuple(d.dim_value for d in value.type.tensor_type.shape.dim)
    return shapes


def _work(node: onnx.NodeProto, shapes: dict[str, tuple[int, ...]], weights: set[str]) -> LayerWork:
    attributes: dict[str, Any] = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    first, second, result = (shapes[name] for name in (*node.input[:2], node.output[0]))
    if node.op_type == "Conv":
        depth = prod(second[1:])  # input channels of a group times the kernel
    elif node.op_type == "Gemm":
        depth = first[0] if attributes.get("transA", 0) else first[1]
    elif node.op_type == "MatMul":
        depth = first[-1]
    else:
        raise NotImplementedError(
            f"{node.name} is a {node.op_type}, whose arithmetic is not known here"
        )
    values = [name for name in (*node.input, *node.output) if name]
    return LayerWork(
        name=node.name,
        kind=node.op_type,
        flops=2 * prod(result) * depth,
        groups=attributes.get("group", 1),
        weights=sum(prod(shapes[name]) for name in values if name in weights),
        activations=sum(prod(shapes[name]) for name in values if name not in weights),
    )
