"""A bundle and an engine for GPUs without TensorRT: kernels of the C++ tests run in its place.

The engine is not a network. It returns the means of the crop's cells in place of landmarks. They
show whether uploads, crops, graphs and streams are right, and what these cost.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from kilomark.devices import probe_cuda
from kilomark.engines import BatchProfile, EngineCache, EngineKey, EngineTarget
from kilomark.manifest import read_landmark_bundle

if TYPE_CHECKING:
    from pathlib import Path

LIKE = "lite"
"""The bundle whose crops and number of landmarks the stand-in has."""
CELL_PX = 8
SPREAD_MEANS = 5
"""Numbers of the spread that are means; the others are zeros."""
PIXEL_STEP = 2.0
"""Pixels 0..255 become 0..128, as positions in the crop are."""


def stand_in_bundle(folder: Path, plugin: Path, *, largest_batch: int) -> Path:
    """Let this process's detectors run the stand-in, and return the folder of its bundle.

    Args:
        folder: for the bundle and its engine.
        plugin: the C++ tests' ``libkilomark_cuda_stand_in.so``.
        largest_batch: of the engine.
    """
    os.environ["KILOMARK_CUDA_PLUGIN"] = str(plugin.resolve())
    os.environ["KILOMARK_ENGINES"] = str(folder)
    bundle = read_landmark_bundle(_write_bundle(folder / "stand-in"))
    probe = probe_cuda()
    if not probe.reason:
        width, height = bundle.input.width, bundle.input.height
        profile = BatchProfile(width, height, max_batch=largest_batch)
        key = EngineKey.of(bundle, "fp16", profile, EngineTarget.of_probe(probe))
        count = bundle.topology.num_landmarks
        plan = (
            f"fake-plan input {width} {height} 0 profile 1 {largest_batch}"
            f" output landmarks 0 2 {count} 2 output spread 0 1 {count} output presence 0 0"
        )
        EngineCache(folder).write(key, plan.encode(), {})
    return bundle.folder


def _write_bundle(folder: Path) -> Path:
    like = read_landmark_bundle(LIKE)
    manifest = json.loads((like.folder / "manifest.json").read_text())
    data = _cell_means(like.input.width, like.topology.num_landmarks).SerializeToString()
    manifest |= {"name": "stand-in", "training": {}, "accuracy": {}}
    del manifest["eyes"]
    manifest["input"] |= {"mean": [0.0] * 3, "std": [PIXEL_STEP] * 3}
    manifest["model"] = {
        "file": "model.onnx",
        "sha256": hashlib.sha256(data).hexdigest(),
        "size_bytes": len(data),
    }
    folder.mkdir()
    (folder / "model.onnx").write_bytes(data)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def _cell_means(size: int, count: int) -> ModelProto:
    """What the kernels compute, for the CPU: see cpp/tests/cuda/fake_plan.hpp."""
    numbers = 3 * (size // CELL_PX) ** 2
    shown = np.arange(count) < SPREAD_MEANS
    constants: dict[str, np.ndarray[Any, Any]] = {
        "flat": np.array([0, -1], np.int64),
        "pairs": np.array([0, count, 2], np.int64),
        "order": np.arange(2 * count, dtype=np.int64) % numbers,
        "channels": np.where(shown, np.arange(count) % 3, 0).astype(np.int64),
        "shown": shown.astype(np.float32),
        "zero": np.zeros(1, np.float32),
        "one": np.ones(1, np.float32),
    }
    kernel = {"kernel_shape": [CELL_PX, CELL_PX], "strides": [CELL_PX, CELL_PX]}
    nodes = [
        helper.make_node("AveragePool", ["image"], ["cells"], **kernel),
        helper.make_node("Transpose", ["cells"], ["by_cell"], perm=[0, 2, 3, 1]),
        helper.make_node("Reshape", ["by_cell", "flat"], ["numbers"]),
        helper.make_node("Gather", ["numbers", "order"], ["ordered"], axis=1),
        helper.make_node("Reshape", ["ordered", "pairs"], ["landmarks"]),
        helper.make_node("ReduceMean", ["image"], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("Gather", ["means", "channels"], ["repeated"], axis=1),
        helper.make_node("Mul", ["repeated", "shown"], ["spread"]),
        helper.make_node("ReduceMean", ["means"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "one"], ["presence"]),
    ]
    shapes: dict[str, list[int | str]] = {
        "landmarks": ["n", count, 2], "spread": ["n", count], "presence": ["n"],
    }  # fmt: skip
    graph = helper.make_graph(
        nodes,
        "stand-in",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, size, size])],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
