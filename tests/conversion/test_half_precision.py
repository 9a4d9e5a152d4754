from __future__ import annotations

import pytest

pytest.importorskip("onnxruntime", reason="converting needs onnxruntime: pip install onnxruntime")

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tests.conversion.small_networks import images, landmark_network

from kilomark.conversion.half_precision import emulate_half, half_layers, output_layers, to_half
from kilomark.conversion.onnx_graph import element_types
from kilomark.conversion.onnx_run import run_model
from kilomark.conversion.weight_storage import expand_weights
from kilomark.manifest import read_bundle


def test_float32_goes_in_and_out() -> None:
    half = to_half(landmark_network(), [])
    values = [*half.graph.input, *half.graph.output]
    assert {value.type.tensor_type.elem_type for value in values} == {TensorProto.FLOAT}
    assert [value.name for value in half.graph.output] == ["landmarks", "presence"]


def test_every_layer_is_in_half_but_those_that_are_kept() -> None:
    proto = landmark_network()
    half = to_half(proto, ["conv2", "to_pixels"])
    names = {node.name for node in proto.graph.node}
    assert set(half_layers(half)) == names - {"conv2", "to_pixels"}
    types = element_types(half)
    assert types["c2"] == TensorProto.FLOAT
    assert types["c1"] == TensorProto.FLOAT16


def test_nothing_is_rounded_between_layers_that_are_kept() -> None:
    """The landmarks are not rounded to half on their way out: 1/16 px at 100 px."""
    half = to_half(landmark_network(), ["last", "slice", "reshape", "to_pixels"])
    casts = {node.output[0] for node in half.graph.node if node.op_type == "Cast"}
    assert casts == {"image.half", "hidden.float", "both.half", "presence"}


def test_weights_are_stored_as_they_are_used() -> None:
    half = to_half(landmark_network(), ["last"])
    stored = {tensor.name: tensor.data_type for tensor in half.graph.initializer}
    assert stored["w1.half"] == TensorProto.FLOAT16
    assert stored["w4"] == TensorProto.FLOAT
    assert "w1" not in stored
    assert "w4.half" not in stored


def test_constants_inside_the_graph_are_cast() -> None:
    proto = landmark_network()
    value = numpy_helper.from_array(np.full(1, 0.5, np.float32))
    proto.graph.node.insert(0, helper.make_node("Constant", [], ["k"], name="k", value=value))
    proto.graph.node.insert(3, helper.make_node("Mul", ["r1", "k"], ["r1k"], name="scaled"))
    proto.graph.node[4].input[0] = "r1k"

    half = to_half(proto, [])

    assert element_types(half)["k"] == TensorProto.FLOAT
    assert element_types(half)["r1k"] == TensorProto.FLOAT16
    moved = run_model(emulate_half(half), images())["landmarks"]
    np.testing.assert_allclose(moved, run_model(proto, images())["landmarks"], atol=0.5)


def test_output_layers_are_the_last_products_and_what_follows() -> None:
    expected = {"last", "slice", "reshape", "to_pixels", "gather", "sigmoid"}
    assert output_layers(landmark_network()) == expected


def test_a_last_convolution_may_be_in_half() -> None:
    proto = landmark_network()
    del proto.graph.node[3:]
    proto.graph.node.append(helper.make_node("Sigmoid", ["c2"], ["out"], name="sigmoid"))
    del proto.graph.output[:]
    proto.graph.output.append(helper.make_tensor_value_info("out", TensorProto.FLOAT, None))
    assert output_layers(proto) == {"sigmoid"}


def test_an_unknown_layer_is_an_error() -> None:
    with pytest.raises(ValueError, match="no node conv9"):
        to_half(landmark_network(), ["conv9"])


def test_a_weight_beyond_half_is_an_error() -> None:
    with pytest.raises(OverflowError, match=r"w1 holds .* half precision ends at 65504"):
        to_half(landmark_network(feature_scale=1e6), [])


def test_the_same_network_gives_the_same_bytes() -> None:
    first, second = (to_half(landmark_network(), ["last"]) for _ in range(2))
    assert first.SerializeToString() == second.SerializeToString()


def test_emulation_rounds_to_half_and_not_further() -> None:
    """Each value that the network holds in half is the nearest half of the exact result."""
    values = np.array([1 + 2**-12, 2049, 6e-8, 65520, -0.1, 1e-9], np.float32)
    double = helper.make_node("Add", ["image", "image"], ["doubled"], name="double")
    graph = helper.make_graph(
        [double, helper.make_node("Identity", ["doubled"], ["out"], name="last")],
        "rounding",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 6])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 6])],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    emulated = emulate_half(to_half(proto, ["last"]))

    found = run_model(emulated, values[None])["out"][0]

    with np.errstate(over="ignore"):
        rounded = values.astype(np.float16).astype(np.float32)
        expected = (rounded + rounded).astype(np.float16).astype(np.float32)
    np.testing.assert_array_equal(found, expected)
    assert np.isinf(found[3])


def test_emulation_of_a_network_without_half_is_the_network() -> None:
    proto = landmark_network()
    everything = [node.name for node in proto.graph.node]
    emulated = run_model(emulate_half(to_half(proto, everything)), images())
    np.testing.assert_array_equal(emulated["landmarks"], run_model(proto, images())["landmarks"])


@pytest.mark.parametrize("name", ["lite", "faces", "resnext50"])
def test_folding_the_stored_weights_changes_no_answer(name: str) -> None:
    bundle = read_bundle(name)
    stored = onnx.load_from_string(bundle.model)
    folded = expand_weights(stored)
    shape = (1, 3, bundle.input.height, bundle.input.width)
    pixels = np.random.default_rng(0).standard_normal(shape, np.float32)

    assert "Cast" not in {node.op_type for node in folded.graph.node}
    before, after = run_model(stored, pixels), run_model(folded, pixels)
    for output, values in before.items():
        np.testing.assert_allclose(values, after[output], atol=1e-4)


def test_a_stored_weight_that_is_used_as_it_is_stays() -> None:
    proto = landmark_network()
    proto.graph.initializer.append(numpy_helper.from_array(np.ones(8, np.float16), "h"))
    proto.graph.node.insert(0, helper.make_node("Cast", ["h"], ["hf"], name="cast", to=1))
    proto.graph.node.append(helper.make_node("Identity", ["h"], ["kept"], name="identity"))
    names = {tensor.name for tensor in expand_weights(proto).graph.initializer}
    assert {"h", "hf"} <= names
