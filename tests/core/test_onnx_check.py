"""What the check of ONNX files refuses before an inference library sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from onnx import GraphProto, ModelProto, TensorProto, helper, numpy_helper

from kilomark._core import check_onnx
from kilomark.errors import BundleError
from kilomark.manifest import shipped_bundles

Change = Callable[[ModelProto], object]


def make_model() -> ModelProto:
    """A network of one node: image + bias."""
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 8, 8])
    output = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 3, 8, 8])
    bias = numpy_helper.from_array(np.ones((1, 3, 1, 1), np.float32), "bias")
    node = helper.make_node("Add", ["image", "bias"], ["out"])
    graph = helper.make_graph([node], "tiny", [image], [output], [bias])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def check(change: Change) -> None:
    model = make_model()
    change(model)
    check_onnx(model.SerializeToString())


def refused(change: Change, message: str) -> None:
    with pytest.raises(BundleError, match=message):
        check(change)


@pytest.mark.parametrize("name", sorted(shipped_bundles()))
def test_shipped_networks_pass(name: str) -> None:
    check_onnx((shipped_bundles()[name] / "model.onnx").read_bytes())


def test_small_network_passes() -> None:
    check_onnx(make_model().SerializeToString())


@pytest.mark.parametrize(
    "location", ["/etc/passwd", "../../secret", "weights.bin", "*/_ORT_MEM_ADDR_/*"]
)
def test_external_data(location: str) -> None:
    def change(model: ModelProto) -> None:
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", location

    refused(change, "external_data")


def test_external_location_without_data() -> None:
    def change(model: ModelProto) -> None:
        model.graph.initializer[0].data_location = TensorProto.EXTERNAL

    refused(change, "data_location")


def test_external_data_in_a_constant() -> None:
    def change(model: ModelProto) -> None:
        tensor = TensorProto(data_type=1, dims=[4], name="x", data_location=1)
        model.graph.node.insert(0, helper.make_node("Constant", [], ["c"], value=tensor))

    refused(change, "data_location")


def make_branch() -> GraphProto:
    return helper.make_graph([], "branch", [], [])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.graph.sparse_initializer.add(), "sparse tensor"),
        (lambda m: m.functions.add(), "functions"),
        (lambda m: m.training_info.add(), "training information"),
        (lambda m: m.graph.quantization_annotation.add(), "field 14 in its graph"),
        (
            lambda m: m.graph.node[0].attribute.append(
                helper.make_attribute("body", make_branch())
            ),
            "a graph inside a node",
        ),
        (
            lambda m: m.graph.node[0].attribute.append(
                helper.make_attribute("bodies", [make_branch()])
            ),
            "a graph inside a node",
        ),
        (lambda m: m.graph.input[0].type.sequence_type.elem_type.tensor_type, "no tensor"),
    ],
)
def test_parts_that_no_exported_network_has(change: Change, message: str) -> None:
    def apply(model: ModelProto) -> None:
        changed = change(model)
        if hasattr(changed, "SetInParent"):
            changed.SetInParent()

    refused(apply, message)


@pytest.mark.parametrize("operator", ["Loop", "If", "Scan", "GatherND", "NonMaxSuppression", ""])
def test_operator_that_is_not_on_the_list(operator: str) -> None:
    def change(model: ModelProto) -> None:
        model.graph.node[0].op_type = operator

    refused(change, f'the operator "{operator}"')


def test_operators_of_other_domains() -> None:
    def change(model: ModelProto) -> None:
        model.graph.node[0].domain = "com.microsoft"

    refused(change, 'domain "com.microsoft"')


def test_list_of_operators_can_be_widened(monkeypatch: pytest.MonkeyPatch) -> None:
    def change(model: ModelProto) -> None:
        model.graph.node[0].op_type = "Celu"

    refused(change, "KILOMARK_EXTRA_OPERATORS=Celu")
    monkeypatch.setenv("KILOMARK_EXTRA_OPERATORS", "Einsum,Celu")
    check(change)


def set_dims(*dims: int) -> Change:
    def change(model: ModelProto) -> None:
        model.graph.initializer[0].ClearField("dims")
        model.graph.initializer[0].dims.extend(dims)

    return change


@pytest.mark.parametrize(
    ("dims", "message"),
    [
        ([1, 4, 1, 1], "12 bytes of data; expected 16"),
        ([2**62, 4, 1], "too many elements"),
        ([2**20, 2**20], "too many elements"),
        ([2**32, 2**32], "too many elements"),
        ([-1, 3], "too many elements"),
        ([0, 2**40], "too many elements"),
        ([1] * 8 + [3], "too many dimensions"),
    ],
)
def test_shapes_of_tensors(dims: list[int], message: str) -> None:
    refused(set_dims(*dims), message)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kernel_shape", [3, 2**40]),
        ("strides", [0, 1]),
        ("dilations", [-1, 1]),
        ("group", 0),
        ("pads", [0, 0, 0, -5]),
        ("axis", 2**40),
    ],
)
def test_whole_numbers_of_attributes(name: str, value: Any) -> None:  # noqa: ANN401
    attribute = helper.make_attribute(name, value)
    refused(lambda m: m.graph.node[0].attribute.append(attribute), f'attribute "{name}" of')


def test_large_kernels_are_refused() -> None:
    def set_kernel(*sides: int) -> Change:
        attribute = helper.make_attribute("kernel_shape", sides)
        return lambda m: m.graph.node[0].attribute.append(attribute)

    check(set_kernel(256, 256))
    refused(set_kernel(256, 257), "a kernel of too many numbers; expected at most 65536")
    refused(set_kernel(*[4096] * 600), "a kernel of too many numbers")


@pytest.mark.parametrize("divisor", [-1, 0, 2])
@pytest.mark.parametrize("is_raw", [True, False])
def test_whole_numbers_are_divided_by_positive_constants(divisor: int, is_raw: bool) -> None:
    def change(model: ModelProto) -> None:
        numbers = [divisor] if is_raw else np.array([divisor], np.int64).tobytes()
        tensor = helper.make_tensor("b", TensorProto.INT64, [1], numbers, raw=not is_raw)
        model.graph.initializer.append(tensor)
        nodes = [
            helper.make_node("Shape", ["image"], ["shape"]),
            helper.make_node("Div", ["shape", "b"], ["half"]),
        ]
        model.graph.node.extend(nodes)

    if divisor > 0:
        check(change)
    else:
        refused(change, "a division of whole numbers by what may be 0 or negative")


def test_whole_numbers_are_not_divided_by_what_is_computed() -> None:
    def change(model: ModelProto) -> None:
        nodes = [
            helper.make_node("Cast", ["image"], ["whole"], to=TensorProto.INT32),
            helper.make_node("Div", ["whole", "whole"], ["ones"]),
        ]
        model.graph.node.extend(nodes)

    refused(change, "a positive constant as the divisor")


def test_counts_are_bounded() -> None:
    def chain(model: ModelProto) -> None:
        node = helper.make_node("Relu", ["image"], ["x"])
        model.graph.node.extend([node] * 5000)

    def ports(model: ModelProto) -> None:
        model.graph.node[0].input.extend(["bias"] * 300)

    def numbers(model: ModelProto) -> None:
        model.graph.node[0].attribute.append(helper.make_attribute("axes", [1] * 2000))

    def name(model: ModelProto) -> None:
        model.graph.node[0].output[0] = "x" * 2000

    refused(chain, "too many nodes")
    refused(ports, "too many inputs or outputs")
    refused(numbers, "too many values")
    refused(name, "a name of 2000 bytes")


def test_edges() -> None:
    def unknown(model: ModelProto) -> None:
        model.graph.node[0].input[1] = "gone"

    def circle(model: ModelProto) -> None:
        model.graph.node[0].input[1] = "out"

    def twice(model: ModelProto) -> None:
        model.graph.node.append(model.graph.node[0])

    refused(unknown, '"gone" used before')
    refused(circle, '"out" used before')
    refused(twice, '"out" defined twice')


def test_fields_that_stand_twice() -> None:
    data = make_model().SerializeToString()
    with pytest.raises(BundleError, match='two fields "ir_version"'):
        check_onnx(data + data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "a part missing from its 0 bytes"),
        (b"<net name='x'/>", "wire type"),
        (b"\x08" + b"\xff" * 11, "more than 64 bits"),
        (b"\x3a\xff\xff\xff\xff\x0f", "a field of 4294967295 bytes where 0 are left"),
        (b"\x3a\x05abc", "a field of 5 bytes where 3 are left"),
        (b"\x00\x00", "field number out of range"),
        (b"\xd2\x01\x00", "field 26"),
        (b"\x3a\x02\x08\x01", "field 1 in its graph"),
    ],
)
def test_bytes_that_are_no_model(data: bytes, message: str) -> None:
    with pytest.raises(BundleError, match=message):
        check_onnx(data)


def test_every_cut_is_refused() -> None:
    data = make_model().SerializeToString()
    assert all(_is_refused(data[:size]) for size in range(len(data)))
    assert not _is_refused(data)


def _is_refused(data: bytes) -> bool:
    try:
        check_onnx(data)
    except BundleError:
        return True
    return False
