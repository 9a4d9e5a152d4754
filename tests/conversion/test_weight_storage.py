"""Weights in fewer bytes: what is stored, what it is worth, and what the core makes of it."""

from __future__ import annotations

import pytest

pytest.importorskip("onnxruntime", reason="converting needs onnxruntime: pip install onnxruntime")

import zlib
from dataclasses import replace

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tests.conversion.small_networks import images, landmark_network

from kilomark import _core
from kilomark.conversion.converted import convert_model, is_quantized
from kilomark.conversion.half_precision import half_layers
from kilomark.conversion.onnx_graph import initializers
from kilomark.conversion.onnx_run import run_model
from kilomark.conversion.weight_storage import expand_weights, quantize_channels, store_weights
from kilomark.manifest import read_landmark_bundle

LARGE = "w3"
"""Of the small network, the only weight of 2,048 numbers: (128, 16), multiplied from the right."""


def test_int8_takes_a_scale_for_each_output_channel() -> None:
    stored = store_weights(landmark_network(), "int8")
    weights = initializers(stored.graph)

    assert weights[f"{LARGE}.int8"].dtype == np.int8
    assert weights[f"{LARGE}.scale"].shape == (16,)
    assert weights["w2.half"].dtype == np.float16
    assert weights["w1"].dtype == np.float32  # too small to be worth it
    (node,) = [node for node in stored.graph.node if node.op_type == "DequantizeLinear"]
    assert helper.get_node_attr_value(node, "axis") == 1
    assert not is_quantized(stored)


def test_int8_rounds_each_channel_to_127_steps() -> None:
    values = np.random.default_rng(0).standard_normal((40, 5, 3, 3), np.float32)
    values *= np.geomspace(1e-4, 1e3, 40, dtype=np.float32)[:, None, None, None]
    values[7] = 0

    steps, scales = quantize_channels(values, 0)

    largest = np.abs(values).max((1, 2, 3))
    assert np.abs(steps).max() == 127
    assert not steps[7].any()
    error = np.abs(steps * scales[:, None, None, None] - values).max((1, 2, 3))
    assert (error <= 0.5001 * largest / 127).all()


def test_fewer_bits_compress_better_and_cut_off_what_is_rare() -> None:
    values = np.random.default_rng(0).standard_normal((64, 4096), np.float32)
    values[:, 0] = 5.0
    eight, seven = (quantize_channels(values, 0, bits) for bits in (8, 7))

    assert np.abs(seven[0]).max() == 63
    assert seven[1].max() < 5.0 / 63  # 5.0 itself is cut off
    sizes = [len(zlib.compress(steps.tobytes(), 9)) for steps, _ in (eight, seven)]
    assert sizes[1] < 0.95 * sizes[0]


@pytest.mark.parametrize("storage", ["half", "int8", "single"])
def test_stored_weights_can_be_expanded_and_stored_again(storage: str) -> None:
    proto = landmark_network()
    stored = store_weights(proto, storage)  # type: ignore[arg-type]
    expanded = expand_weights(stored)

    assert {t.data_type for t in expanded.graph.initializer} <= {
        TensorProto.FLOAT, TensorProto.INT64,
    }  # fmt: skip
    assert [node.op_type for node in expanded.graph.node] == [n.op_type for n in proto.graph.node]
    assert initializers(expanded.graph).keys() == initializers(proto.graph).keys()
    before, after = run_model(stored, images()), run_model(expanded, images())
    for output, values in before.items():
        np.testing.assert_allclose(values, after[output], atol=1e-4)
    again = store_weights(stored, storage)  # type: ignore[arg-type]
    for name, values in initializers(expanded.graph).items():
        found = initializers(expand_weights(again).graph)[name]
        np.testing.assert_allclose(found, values, rtol=1e-6)


def test_activations_in_eight_bits_are_left_alone() -> None:
    proto = landmark_network()
    scale = numpy_helper.from_array(np.float32(0.1), "s")
    proto.graph.initializer.append(scale)
    proto.graph.node.insert(0, helper.make_node("QuantizeLinear", ["image", "s"], ["q"], name="q"))
    proto.graph.node.insert(1, helper.make_node("DequantizeLinear", ["q", "s"], ["d"], name="d"))
    proto.graph.node[2].input[0] = "d"
    kept = [node.op_type for node in expand_weights(proto).graph.node]
    assert kept.count("DequantizeLinear") == 1


def test_bits_of_unknown_tensors_are_an_error() -> None:
    with pytest.raises(ValueError, match="w1 is not stored in int8"):
        store_weights(landmark_network(), "int8", bits={"w1": 7})
    with pytest.raises(ValueError, match="9 bits; expected 2 to 8"):
        store_weights(landmark_network(), "int8", bits={LARGE: 9})


def test_the_core_computes_in_float32() -> None:
    """Also matrix products, whose inputs OpenVINO would round to 8 bits by itself."""
    bundle = read_landmark_bundle("lite")
    stored = store_weights(onnx.load_from_string(bundle.model), "int8")
    shape = (2, 3, bundle.input.height, bundle.input.width)
    pixels = np.random.default_rng(0).standard_normal(shape, np.float32)
    answers = []
    for proto in (stored, expand_weights(stored)):
        network = _core.LandmarkNetwork(
            model=proto.SerializeToString(),
            input=_core.NetworkInput(
                width=shape[3], height=shape[2], channel_order="rgb", mean=(0, 0, 0), std=(1, 1, 1)
            ),
            num_landmarks=971,
            crop_scale=1.25,
        )
        answers.append(_core.Detector(network, None, num_threads=1).infer("landmarks", pixels))
    for output, values in answers[0].items():
        np.testing.assert_allclose(values, answers[1][output], atol=2e-3, err_msg=output)


def test_engines_are_built_from_expanded_weights() -> None:
    """TensorRT sees no weights in eight bits: it would take them for quantized arithmetic."""
    lite = read_landmark_bundle("lite")
    stored = store_weights(onnx.load_from_string(lite.model), "int8")
    bundle = replace(lite, model=stored.SerializeToString())
    for precision in ("fp32", "fp16"):
        built = onnx.load_from_string(convert_model(bundle, precision).model)  # type: ignore[arg-type]
        assert "DequantizeLinear" not in {node.op_type for node in built.graph.node}
    assert half_layers(built)
