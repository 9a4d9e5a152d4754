"""Networks within the list of operators that hold hostile numbers, loaded and run one by one.

usage: python -m tests.core.hostile_networks

Prints one line a network: its name, and the typed error or "ran". It runs as a process of its own,
which a crash of the inference library would end. A network that takes over MOST_SECONDS ends it
too, with a traceback.
"""

from __future__ import annotations

import faulthandler
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, helper, numpy_helper

from kilomark import _core
from kilomark.errors import KilomarkError

Case = tuple[list[NodeProto], dict[str, npt.NDArray[Any]]]
SIZE = 8
MOST_SECONDS = 120  # of one network; emulated processors are slow
node = helper.make_node


def whole(*values: int) -> npt.NDArray[np.int64]:
    return np.array(values, np.int64)


def mean(value: str) -> list[NodeProto]:
    """Reduce a value of any shape to one number, which is added to the landmarks."""
    return [
        node("ReduceMean", [value], ["mean_of_all"], keepdims=0),
        node("Reshape", ["mean_of_all", "one"], ["extra"]),
    ]


def make_model(nodes: list[NodeProto], constants: dict[str, npt.NDArray[Any]]) -> bytes:
    """A landmark network of one landmark; ``nodes`` make "extra" of "image" and "m" (N, 3)."""
    shapes = {"landmarks": ["n", 1, 2], "spread": ["n", 1], "presence": ["n"]}
    first = [
        node("ReduceMean", ["image"], ["m"], axes=[2, 3], keepdims=0),
        node("ReduceMean", ["m"], ["presence"], axes=[1], keepdims=0),
    ]
    last = [
        node("Unsqueeze", ["presence", "one"], ["spread"]),
        node("Concat", ["spread", "spread"], ["pair"], axis=1),
        node("Unsqueeze", ["pair", "one"], ["point"]),
        node("Add", ["point", "extra"], ["landmarks"]),
    ]
    graph = helper.make_graph(
        [*first, *nodes, *last],
        "hostile",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, SIZE, SIZE])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]) for name in shapes],
        [
            numpy_helper.from_array(value, name)
            for name, value in {"one": whole(1), **constants}.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    data: bytes = model.SerializeToString()
    return data


CASES: dict[str, Case] = {
    "range": (
        [
            node("Range", ["a", "b", "c"], ["r"]),
            node("Cast", ["r"], ["rf"], to=1),
            node("ReduceMean", ["rf"], ["extra"], keepdims=1),
        ],
        {"a": np.array(0, np.int64), "b": np.array(2**40, np.int64), "c": np.array(1, np.int64)},
    ),
    "constofshape": (
        [node("ConstantOfShape", ["s"], ["r"]), *mean("r")],
        {"s": whole(2**20, 2**20)},
    ),
    "tile": (
        [node("Tile", ["x", "s"], ["r"]), node("ReduceMean", ["r"], ["extra"], keepdims=1)],
        {"x": np.ones((1, 1), np.float32), "s": whole(2**20, 2**20)},
    ),
    "expand": (
        [node("Expand", ["x", "s"], ["r"]), node("ReduceMean", ["r"], ["extra"], keepdims=1)],
        {"x": np.ones((1, 1), np.float32), "s": whole(2**20, 2**20)},
    ),
    "pad": (
        [node("Pad", ["x", "s"], ["r"]), node("ReduceMean", ["r"], ["extra"], keepdims=1)],
        {"x": np.ones((1, 1), np.float32), "s": whole(0, 0, 2**20, 2**20)},
    ),
    "resize": (
        [node("Resize", ["image", "", "sc"], ["r"]), *mean("r")],
        {"sc": np.array([1, 1, 1e5, 1e5], np.float32)},
    ),
    "resize_nan": (
        [node("Resize", ["image", "", "sc"], ["r"]), *mean("r")],
        {"sc": np.array([1, 1, np.nan, np.inf], np.float32)},
    ),
    "resize_neg": (
        [node("Resize", ["image", "", "", "sz"], ["r"]), *mean("r")],
        {"sz": whole(1, 3, -5, 2**40)},
    ),
    "gather_oor": (
        [
            node("Gather", ["m", "ix"], ["r"], axis=1),
            node("ReduceMean", ["r"], ["extra"], keepdims=1, axes=[1]),
        ],
        {"ix": whole(10**9, -(10**9), 7)},
    ),
    "gather_dyn": (
        [
            node("Mul", ["m", "big"], ["mb"]),
            node("Cast", ["mb"], ["ix"], to=7),
            node("Gather", ["m", "ix"], ["r"], axis=1),
            *mean("r"),
        ],
        {"big": np.array([1e12], np.float32)},
    ),
    "reshape_neg": (
        [node("Reshape", ["m", "s"], ["r"]), node("ReduceMean", ["r"], ["extra"], keepdims=1)],
        {"s": whole(-1, -1)},
    ),
    "reshape_huge": (
        [node("Reshape", ["m", "s"], ["r"]), node("ReduceMean", ["r"], ["extra"], keepdims=1)],
        {"s": whole(2**62, 4)},
    ),
    "slice": (
        [
            node("Slice", ["m", "a", "b", "c", "st"], ["r"]),
            node("ReduceMean", ["r"], ["extra"], keepdims=1),
        ],
        {"a": whole(-(2**63)), "b": whole(2**63 - 1), "c": whole(1), "st": whole(-(2**63))},
    ),
    "slice0": (
        [
            node("Slice", ["m", "a", "b", "c", "st"], ["r"]),
            node("ReduceMean", ["r"], ["extra"], keepdims=1),
        ],
        {"a": whole(0), "b": whole(2**63 - 1), "c": whole(1), "st": whole(0)},
    ),
    "split": (
        [
            node("Split", ["m", "s"], ["r", "q"], axis=1),
            node("ReduceMean", ["r"], ["extra"], keepdims=1),
        ],
        {"s": whole(2**62, -(2**62))},
    ),
    "divzero": (
        [
            node("Cast", ["m"], ["mi"], to=7),
            node("Div", ["mi", "z"], ["q"]),
            node("Cast", ["q"], ["r"], to=1),
            *mean("r"),
        ],
        {"z": whole(0)},
    ),
    "divzero32": (
        [
            node("Cast", ["m"], ["mi"], to=6),
            node("Div", ["mi", "z"], ["q"]),
            node("Cast", ["q"], ["r"], to=1),
            *mean("r"),
        ],
        {"z": np.array([0], np.int32)},
    ),
    "divconst": (
        [node("Div", ["y", "z"], ["q"]), node("Cast", ["q"], ["extra"], to=1)],
        {"y": np.array([5], np.int64), "z": whole(0)},
    ),
    "divoverflow": (
        [node("Div", ["y", "z"], ["q"]), node("Cast", ["q"], ["extra"], to=1)],
        {"y": np.array([-(2**63)], np.int64), "z": whole(-1)},
    ),
    "conv_shape": (
        [node("Conv", ["image", "w"], ["r"]), *mean("r")],
        {"w": np.ones((1, 3, 100, 100), np.float32)},
    ),
    "conv_w0": (
        [node("Conv", ["image", "w"], ["r"]), *mean("r")],
        {"w": np.ones((0, 3, 1, 1), np.float32)},
    ),
    "conv_group": (
        [node("Conv", ["image", "w"], ["r"], group=7), *mean("r")],
        {"w": np.ones((1, 3, 1, 1), np.float32)},
    ),
    "pool_pads": (
        [
            node(
                "AveragePool", ["image"], ["r"], kernel_shape=[2, 2], pads=[4000, 4000, 4000, 4000]
            ),
            *mean("r"),
        ],
        {},
    ),
    "maxpool_k": (
        [
            node(
                "MaxPool",
                ["image"],
                ["r"],
                kernel_shape=[4000, 4000],
                pads=[3000, 3000, 3000, 3000],
            ),
            *mean("r"),
        ],
        {},
    ),
    "transpose": (
        [
            node("Transpose", ["m"], ["r"], perm=[5, -9]),
            node("ReduceMean", ["r"], ["extra"], keepdims=1),
        ],
        {},
    ),
    "cast_bad": (
        [node("Cast", ["m"], ["r"], to=99), node("ReduceMean", ["r"], ["extra"], keepdims=1)],
        {},
    ),
    "d2s": ([node("DepthToSpace", ["image"], ["r"], blocksize=4000), *mean("r")], {}),
    "bn": (
        [node("BatchNormalization", ["image", "w", "w", "w", "w"], ["r"]), *mean("r")],
        {"w": np.ones(1, np.float32)},
    ),
    "zero_dim": (
        [
            node("Gather", ["m", "ix"], ["r"], axis=1),
            node("ReduceMean", ["r"], ["extra"], keepdims=1, axes=[1]),
        ],
        {"ix": np.zeros(0, np.int64)},
    ),
    "concat_axis": (
        [
            node("Concat", ["m", "m"], ["r"], axis=77),
            node("ReduceMean", ["r"], ["extra"], keepdims=1),
        ],
        {},
    ),
    "range0": (
        [
            node("Range", ["a", "b", "c"], ["r"]),
            node("Cast", ["r"], ["rf"], to=1),
            node("ReduceMean", ["rf"], ["extra"], keepdims=1),
        ],
        {"a": np.array(0, np.int64), "b": np.array(5, np.int64), "c": np.array(0, np.int64)},
    ),
    "rmean_int0": (
        [
            node("Slice", ["v", "z", "z", "z"], ["e"]),
            node("ReduceMean", ["e"], ["q"], keepdims=1),
            node("Cast", ["q"], ["extra"], to=1),
        ],
        {"v": whole(1, 2, 3), "z": whole(0)},
    ),
    "rmean_int0d": (
        [
            node("Shape", ["m"], ["sh"]),
            node("Slice", ["sh", "z", "z", "z"], ["e"]),
            node("ReduceMean", ["e"], ["q"], keepdims=1),
            node("Cast", ["q"], ["extra"], to=1),
        ],
        {"z": whole(0)},
    ),
    "int32divo": (
        [
            node("Cast", ["m"], ["mi"], to=6),
            node("Mul", ["mi", "zz"], ["z0"]),
            node("Add", ["z0", "mn"], ["a"]),
            node("Sub", ["z0", "on"], ["b"]),
            node("Div", ["a", "b"], ["q"]),
            node("Cast", ["q"], ["r"], to=1),
            *mean("r"),
        ],
        {
            "zz": np.array([0], np.int32),
            "mn": np.array([-(2**31)], np.int32),
            "on": np.array([1], np.int32),
        },
    ),
    "resize_int": (
        [
            node("Cast", ["image"], ["mi"], to=6),
            node("Resize", ["mi", "", "sc"], ["rr"]),
            node("Cast", ["rr"], ["r"], to=1),
            *mean("r"),
        ],
        {"sc": np.array([1, 1, 0.0, 0.0], np.float32)},
    ),
    "powneg": (
        [node("Pow", ["y", "z"], ["q"]), node("Cast", ["q"], ["extra"], to=1)],
        {"y": np.array([0], np.int64), "z": whole(-1)},
    ),
    "recipint": (
        [node("Reciprocal", ["y"], ["q"]), node("Cast", ["q"], ["extra"], to=1)],
        {"y": np.array([0], np.int64)},
    ),
    "quant0": (
        [
            node("QuantizeLinear", ["m", "sc", "zp"], ["q"]),
            node("DequantizeLinear", ["q", "sc", "zp"], ["r"]),
            *mean("r"),
        ],
        {"sc": np.array(0, np.float32), "zp": np.array(0, np.uint8)},
    ),
    "s2d": ([node("SpaceToDepth", ["image"], ["r"], blocksize=4000), *mean("r")], {}),
    "convT": (
        [node("ConvTranspose", ["image", "w"], ["r"], strides=[4096, 4096]), *mean("r")],
        {"w": np.ones((3, 1, 1, 1), np.float32)},
    ),
    "gemm_bad": ([node("Gemm", ["m", "w"], ["r"]), *mean("r")], {"w": np.ones((7, 9), np.float32)}),
    "prelu": ([node("PRelu", ["m", "w"], ["r"]), *mean("r")], {"w": np.ones((7, 9), np.float32)}),
    "inorm": (
        [node("InstanceNormalization", ["image", "w", "w"], ["r"]), *mean("r")],
        {"w": np.ones((7), np.float32)},
    ),
    "pad_neg": (
        [node("Pad", ["image", "s"], ["r"]), *mean("r")],
        {"s": whole(0, 0, -20, -20, 0, 0, 0, 0)},
    ),
    "padrefl": (
        [node("Pad", ["image", "s"], ["r"], mode="reflect"), *mean("r")],
        {"s": whole(0, 0, 500, 500, 0, 0, 0, 0)},
    ),
    "unsq": ([node("Unsqueeze", ["m", "s"], ["r"]), *mean("r")], {"s": whole(10**9, -(10**9))}),
    "softmax": ([node("Softmax", ["m"], ["r"], axis=1000), *mean("r")], {}),
    "layernorm": (
        [node("LayerNormalization", ["m", "w"], ["r"], axis=-100), *mean("r")],
        {"w": np.ones(3, np.float32)},
    ),
    "flatten": ([node("Flatten", ["m"], ["r"], axis=99), *mean("r")], {}),
}


def run(data: bytes) -> str:
    network_input = _core.NetworkInput(
        width=SIZE, height=SIZE, channel_order="rgb", mean=[0, 0, 0], std=[1, 1, 1]
    )
    boxes = [np.array([[1, 1, 7, 7]] * count, np.float32) for count in (1, 2)]
    image = np.full((SIZE, SIZE), 3, np.uint8)
    try:
        network = _core.LandmarkNetwork(
            model=data, input=network_input, num_landmarks=1, crop_scale=1.2
        )
        detector = _core.Detector(network, None, num_threads=1, max_batch=2)
        detector.predict([image, image], ["gray", "gray"], boxes=boxes)
    except KilomarkError as error:
        return type(error).__name__
    return "ran"


def main() -> None:
    for name, (nodes, constants) in CASES.items():
        faulthandler.dump_traceback_later(MOST_SECONDS, exit=True)
        print(name, run(make_model(nodes, constants)), flush=True)


if __name__ == "__main__":
    main()
