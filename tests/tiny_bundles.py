"""Bundles of networks so small that their answers are known.

The landmark network puts its landmarks at the same places of every crop, and reports in `spread`
and `presence` what it saw: the mean of each input channel. The finder takes every bright cell of
its grid for a face. Pixels 0..255 become 0..1 in both.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from pathlib import Path

CROP_SIZE = 32
CROP_SCALE = 1.25
LANDMARKS = np.array([[8, 12], [14, 12], [24, 12], [18, 12], [16, 20]], np.float32)
"""Where the landmark network puts its 5 landmarks, in pixels of the crop."""
MEAN_SHAPE = [[-0.5, -0.2, 0.1], [-0.1, -0.2, 0], [0.5, -0.2, 0.1], [0.1, -0.2, 0], [0, 0.4, -0.3]]
GROUPS = [
    {"name": "right_eye", "start": 0, "count": 2, "closed": True},
    {"name": "left_eye", "start": 2, "count": 2, "closed": False},
    {"name": "nose", "start": 4, "count": 1, "closed": None},
]
SUBSET_68 = [0, 1, 2, 3] * 17

FINDER_SIZE = 64
STRIDES = [8, 16]
KEYPOINTS = np.array([[-2, -2], [2, -2], [0, 0], [-2, 2], [2, 2]], np.float32)
"""Offsets of a found face's keypoints from the center of its cell, in pixels of the network."""


def write_landmark_bundle(
    folder: Path,
    *,
    shift_px: float = 0.0,
    landmarks: npt.NDArray[np.float32] = LANDMARKS,
    **changes: object,
) -> Path:
    """Write the tiny landmark bundle; ``changes`` replace fields of its manifest.

    Its landmarks lie ``shift_px`` pixels of the crop to the right of ``landmarks``, at most 5.
    """
    manifest = {
        "name": "tiny",
        "task": "landmarks",
        "crop_scale": CROP_SCALE,
        "num_landmarks": len(LANDMARKS),
        "groups": GROUPS,
        "mirror": [2, 3, 0, 1, 4],
        "subset_68": SUBSET_68,
        "mean_shape": MEAN_SHAPE,
        "license": "Apache-2.0",
    }
    return _write(folder, _landmark_model(landmarks, shift_px), CROP_SIZE, manifest | changes)


def write_finder_bundle(
    folder: Path, *, keypoints: npt.NDArray[np.float32] = KEYPOINTS, **changes: object
) -> Path:
    """Write the tiny finder bundle; ``changes`` replace fields of its manifest."""
    names = ["right_eye", "left_eye", "nose_tip", "right_mouth", "left_mouth"]
    manifest = {"name": "tiny-faces", "task": "faces", "strides": STRIDES, "keypoints": names}
    return _write(folder, _finder_model(keypoints), FINDER_SIZE, manifest | changes)


def bright_cells(*cells: tuple[int, int], size: int = FINDER_SIZE) -> npt.NDArray[np.uint8]:
    """A dark (size, size, 3) image in which the cells (row, column) of the fine grid are white."""
    image = np.zeros((size, size, 3), np.uint8)
    for row, column in cells:
        image[row * 8 : row * 8 + 8, column * 8 : column * 8 + 8] = 255
    return image


def box_of_cell(row: int, column: int) -> list[float]:
    """The box that the finder gives to a bright cell of the fine grid."""
    x, y = (column + 0.5) * 8, (row + 0.5) * 8
    return [x - 8, y - 8, x + 8, y + 8]


def landmarks_in(box: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Where the tiny landmark network's landmarks of an upright ``box`` lie in the image."""
    x0, y0, x1, y1 = np.asarray(box, np.float64)
    side = CROP_SCALE * max(x1 - x0, y1 - y0)
    corner = np.array([(x0 + x1 - side) / 2, (y0 + y1 - side) / 2])
    return corner + LANDMARKS * side / CROP_SIZE


def _write(folder: Path, model: ModelProto, size: int, manifest: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    data = model.SerializeToString()
    (folder / "model.onnx").write_bytes(data)
    shared = {
        "schema_version": 1,
        "model": {
            "file": "model.onnx",
            "sha256": hashlib.sha256(data).hexdigest(),
            "size_bytes": len(data),
        },
        "input": {
            "name": "image",
            "width": size,
            "height": size,
            "channel_order": "rgb",
            "mean": [0, 0, 0],
            "std": [255, 255, 255],
        },
        "training": {},
        "accuracy": {"nme_percent": 0.0},
    }
    (folder / "manifest.json").write_text(json.dumps(shared | manifest))
    return folder


def _landmark_model(
    landmarks: npt.NDArray[np.float32] = LANDMARKS, shift_px: float = 0.0
) -> ModelProto:
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("Gather", ["means", "channels"], ["spread"], axis=1),
        helper.make_node("ReduceMean", ["means"], ["presence"], axes=[1], keepdims=0),
        helper.make_node("Mul", ["presence", "zero"], ["none"]),
        helper.make_node("Reshape", ["none", "per_face"], ["origin"]),
        helper.make_node("Add", ["origin", "places"], ["landmarks"]),
    ]
    constants = {
        "channels": np.array([0, 1, 2, 0, 1], np.int64)[: len(landmarks)],
        "zero": np.zeros(1, np.float32),
        "per_face": np.array([-1, 1, 1], np.int64),
        "places": landmarks[None] + np.array([shift_px, 0], np.float32),
    }
    count = len(landmarks)
    outputs = {"landmarks": ["n", count, 2], "spread": ["n", count], "presence": ["n"]}
    return _make_model(nodes, constants, ["n", 3, CROP_SIZE, CROP_SIZE], outputs)


def _finder_model(keypoints: npt.NDArray[np.float32]) -> ModelProto:
    """Scores are the cells' brightness, boxes reach one stride to each side of a cell's center."""
    nodes = []
    constants: dict[str, npt.NDArray[Any]] = {
        "flat": np.array([0, -1], np.int64),
        "per_cell": np.array([0, -1, 1], np.int64),
        "per_keypoint": np.array([0, -1, 1, 1], np.int64),
        "zero": np.zeros(1, np.float32),
        "offsets": keypoints[None, None],
    }
    for stride in STRIDES:
        constants[f"reach{stride}"] = np.full((1, 1, 4), stride, np.float32)
        nodes += [
            helper.make_node(
                "AveragePool",
                ["image"],
                [f"pooled{stride}"],
                kernel_shape=[stride, stride],
                strides=[stride, stride],
            ),
            helper.make_node(
                "ReduceMean", [f"pooled{stride}"], [f"grid{stride}"], axes=[1], keepdims=0
            ),
            helper.make_node("Reshape", [f"grid{stride}", "flat"], [f"scores{stride}"]),
            helper.make_node("Mul", [f"scores{stride}", "zero"], [f"none{stride}"]),
            helper.make_node("Reshape", [f"none{stride}", "per_cell"], [f"center{stride}"]),
            helper.make_node("Add", [f"center{stride}", f"reach{stride}"], [f"distances{stride}"]),
        ]
    for name in ("scores", "distances"):
        parts = [f"{name}{stride}" for stride in STRIDES]
        nodes.append(helper.make_node("Concat", parts, [name], axis=1))
    nodes += [
        helper.make_node("Mul", ["scores", "zero"], ["none"]),
        helper.make_node("Reshape", ["none", "per_keypoint"], ["centers"]),
        helper.make_node("Add", ["centers", "offsets"], ["keypoints"]),
    ]
    outputs = {"scores": ["n", "m"], "distances": ["n", "m", 4], "keypoints": ["n", "m", 5, 2]}
    return _make_model(nodes, constants, ["n", 3, "h", "w"], outputs)


def _make_model(
    nodes: list[Any],
    constants: dict[str, npt.NDArray[Any]],
    input_shape: list[int | str],
    outputs: dict[str, list[Any]],
) -> ModelProto:
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, input_shape)],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in outputs.items()
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
