"""Landmark networks of a few layers, with weights that make a point."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZE = 16
NUM_LANDMARKS = 5


def landmark_network(*, feature_scale: float = 1.0, seed: int = 0) -> onnx.ModelProto:
    """Two convolutions, a hidden and a last matrix product, landmarks in pixels, presence.

    ``feature_scale`` multiplies the features between the convolutions and is taken back by the
    second one's weights, so that the answers stay the same while the activations grow.
    """
    rng = np.random.default_rng(seed)
    nodes = [
        helper.make_node("Conv", ["image", "w1", "b1"], ["c1"], name="conv1", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"], name="relu1"),
        helper.make_node("Conv", ["r1", "w2", "b2"], ["c2"], name="conv2", strides=[4, 4]),
        helper.make_node("Relu", ["c2"], ["r2"], name="relu2"),
        helper.make_node("Flatten", ["r2"], ["flat"], name="flatten"),
        helper.make_node("Gemm", ["flat", "w3"], ["hidden"], name="hidden"),
        helper.make_node("Gemm", ["hidden", "w4"], ["both"], name="last"),
        helper.make_node("Slice", ["both", "zero", "ten", "one"], ["xy"], name="slice"),
        helper.make_node("Reshape", ["xy", "shape"], ["places"], name="reshape"),
        helper.make_node("Mul", ["places", "size"], ["landmarks"], name="to_pixels"),
        helper.make_node("Gather", ["both", "tenth"], ["logit"], name="gather", axis=1),
        helper.make_node("Sigmoid", ["logit"], ["presence"], name="sigmoid"),
    ]
    hidden = 8 * 4 * 4
    weights: dict[str, npt.NDArray[Any]] = {
        "w1": _floats(rng, 8, 3, 3, 3) * 0.3 * feature_scale,
        "b1": _floats(rng, 8) * 0.1 * feature_scale,
        "w2": _floats(rng, 8, 8, 4, 4) * 0.1 / feature_scale,
        "b2": _floats(rng, 8) * 0.1,
        "w3": _floats(rng, hidden, 16) / 16,
        "w4": _floats(rng, 16, 2 * NUM_LANDMARKS + 1) / 16,
        "zero": np.array([0]), "ten": np.array([10]), "one": np.array([1]),
        "shape": np.array([-1, NUM_LANDMARKS, 2]), "tenth": np.array(10),
        "size": np.array(128, np.float32),
    }  # fmt: skip
    outputs: dict[str, list[Any]] = {"landmarks": ["n", NUM_LANDMARKS, 2], "presence": ["n"]}
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, SIZE, SIZE])],
        [helper.make_tensor_value_info(k, TensorProto.FLOAT, v) for k, v in outputs.items()],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def images(count: int = 6, seed: int = 1) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((count, 3, SIZE, SIZE), np.float32)


def _floats(rng: np.random.Generator, *shape: int) -> npt.NDArray[np.float32]:
    return rng.standard_normal(shape, np.float32)
