"""What `kilomark convert` writes beside the engine cache: ONNX files and engines for RTX."""

from __future__ import annotations

import hashlib
import importlib
import json
from typing import TYPE_CHECKING, Any

from kilomark.engines.plan_builder import build_plan
from kilomark.errors import EngineError, InvalidInputError
from kilomark.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kilomark.conversion.converted import Converted
    from kilomark.engines.plan_builder import Report
    from kilomark.engines.target import BatchProfile

__all__ = ["build_rtx_engine", "write_onnx"]


def write_onnx(folder: Path, name: str, converted: Converted) -> Path:
    """Write a converted model as ``NAME.onnx``, and ``NAME.onnx.json`` that says what was measured.

    Raises:
        InvalidInputError: the folder cannot be written to.
    """
    return _write(folder, f"{name}.onnx", converted.model, converted.facts)


def build_rtx_engine(
    folder: Path, name: str, converted: Converted, profile: BatchProfile, report: Report
) -> Path:
    """Build an engine for TensorRT for RTX, which needs no GPU, and write it with its JSON file.

    The engine runs on every RTX GPU from Ampere on: the GPU's own code is made when it is loaded.

    Raises:
        EngineError: tensorrt_rtx is missing, or does not take the model.
        InvalidInputError: the folder cannot be written to.
    """
    try:
        trt = importlib.import_module("tensorrt_rtx")
    except ImportError as error:
        raise EngineError(
            f"engines for RTX GPUs are built by tensorrt_rtx, which cannot be imported ({error}): "
            "pip install tensorrt-rtx-cu13"
        ) from error
    plan = build_plan(trt, converted.model, profile, report=report)
    facts = {
        **converted.facts,
        "onnx_sha256": hashlib.sha256(converted.model).hexdigest(),
        "tensorrt_rtx": trt.__version__,
        "min_batch": profile.min_batch,
        "opt_batch": profile.opt_batch,
        "max_batch": profile.max_batch,
    }
    batches = f"b{profile.min_batch}-{profile.opt_batch}-{profile.max_batch}"
    size = f"{profile.width}x{profile.height}"
    return _write(folder, f"{name}_{size}_{batches}_rtx{trt.__version__}.engine", plan, facts)


def _write(folder: Path, name: str, content: bytes, facts: Mapping[str, Any]) -> Path:
    path = folder / name
    record = {"sha256": hashlib.sha256(content).hexdigest(), **facts}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
        write_whole(path.with_name(name + ".json"), json.dumps(record, indent=1) + "\n")
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be written: {error.strerror}") from error
    return path
