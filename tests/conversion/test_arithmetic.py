from __future__ import annotations

import pytest

pytest.importorskip("onnxruntime", reason="converting needs onnxruntime: pip install onnxruntime")

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tests.conversion.small_networks import NUM_LANDMARKS, SIZE, landmark_network

from kilomark.conversion.arithmetic import count_flops, layer_work
from kilomark.manifest import read_bundle


def test_layers_are_counted_as_by_hand() -> None:
    work = {layer.name: layer for layer in layer_work(landmark_network(), SIZE, SIZE)}
    assert list(work) == ["conv1", "conv2", "hidden", "last"]
    assert work["conv1"].flops == 2 * (8 * 16 * 16) * (3 * 3 * 3)
    assert work["conv2"].flops == 2 * (8 * 4 * 4) * (8 * 4 * 4)
    assert work["hidden"].flops == 2 * 128 * 16
    assert work["last"].flops == 2 * 16 * (2 * NUM_LANDMARKS + 1)
    assert work["conv1"].weights == 8 * 3 * 3 * 3 + 8
    assert work["conv1"].activations == 3 * 16 * 16 + 8 * 16 * 16


def test_a_batch_multiplies_the_work_and_not_the_weights() -> None:
    one, many = (layer_work(landmark_network(), SIZE, SIZE, batch) for batch in (1, 5))
    for single, batch in zip(one, many, strict=True):
        assert batch.flops == 5 * single.flops
        assert batch.activations == 5 * single.activations
        assert batch.weights == single.weights


def test_a_grouped_convolution_reads_its_own_channels_only() -> None:
    weights = numpy_helper.from_array(np.zeros((6, 1, 3, 3), np.float32), "w")
    node = helper.make_node("Conv", ["x", "w"], ["y"], name="g", group=3, pads=[1, 1, 1, 1])
    graph = helper.make_graph(
        [node],
        "grouped",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [weights],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    (layer,) = layer_work(proto, 4, 5)
    assert (layer.groups, layer.flops) == (3, 2 * (6 * 4 * 5) * (3 * 3))


def test_lite_is_what_its_documentation_says() -> None:
    bundle = read_bundle("lite")
    flops = count_flops(onnx.load_from_string(bundle.model), 128, 128)
    assert flops == pytest.approx(2 * 29e6, rel=0.02)
