"""The engines: strongly typed, found again, and refused when they are damaged."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kilomark.devices import cuda_index, probe_cuda
from kilomark.engines import (
    BatchProfile,
    EngineCache,
    EngineKey,
    EngineTarget,
    default_engine_folder,
)
from kilomark.manifest import read_landmark_bundle

from .outcomes import CannotCheckError, Figures, require

if TYPE_CHECKING:
    from .subject import Subject


def engine_is_cached(subject: Subject) -> Figures:
    """The engine is in the cache, and the file beside it says how it was made and proved."""
    subject.detector()
    key = _key(subject)
    cache = EngineCache(default_engine_folder())
    found = cache.find(key)
    require(found.plan is not None and found.path is not None, f"no engine: {found.reason}")
    assert found.path is not None
    record = json.loads(found.path.with_name(found.path.name + ".json").read_text())
    names = ("gpu", "compute_capability", "tensorrt", "onnx_sha256", "moved_by_half",
             "kept_in_fp32", "build_seconds", "engine_bytes")  # fmt: skip
    return {"file": found.path.name} | {name: record.get(name) for name in names}


def convolutions_are_half(subject: Subject) -> Figures:
    """By TensorRT's engine inspector, every convolution of the engine reads half precision."""
    key = _key(subject)
    plan = EngineCache(default_engine_folder()).find(key).plan
    if plan is None:
        raise CannotCheckError("there is no engine to look into")
    try:
        trt: Any = import_module("tensorrt")
    except ImportError as error:
        raise CannotCheckError("pip install 'kilomark[gpu]', for TensorRT's inspector") from error
    runtime = trt.Runtime(trt.Logger(trt.Logger.WARNING))
    inspector = runtime.deserialize_cuda_engine(plan).create_engine_inspector()
    information = inspector.get_engine_information(trt.LayerInformationFormat.JSON)
    layers = [layer for layer in json.loads(information)["Layers"] if isinstance(layer, dict)]
    convolutions = [layer for layer in layers if "conv" in str(layer.get("LayerType", "")).lower()]
    in_float = [layer["Name"] for layer in convolutions if not _reads_half(layer)]
    figures = {"layers": len(layers), "convolutions": len(convolutions), "not_half": in_float}
    if not convolutions:
        raise CannotCheckError(f"the inspector shows {len(layers)} layers and no convolution")
    require(not in_float, f"not in half: {', '.join(in_float)}", figures)
    return figures


def _reads_half(layer: dict[str, Any]) -> bool:
    """By the first input's format: "Row major linear FP16 format" or, in newer versions, "Half"."""
    described = json.dumps(layer.get("Inputs", [""])[:1]).lower()
    return "fp16" in described or "half" in described


def _key(subject: Subject) -> EngineKey:
    index = cuda_index(subject.device)
    if index is None:
        raise CannotCheckError("the CPU has no engines")
    bundle = read_landmark_bundle(subject.model)
    profile = BatchProfile(bundle.input.width, bundle.input.height, max_batch=subject.largest_batch)
    target = EngineTarget.of_probe(probe_cuda(), index)
    return EngineKey.of(bundle, "fp16", profile, target)
