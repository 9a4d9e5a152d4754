"""Building an engine in a process of its own.

TensorRT takes much memory and its own copy of CUDA; a process of its own gives both back, picks the
GPU, and cannot take the user's process down with it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kilomark.engines.cache import Built
from kilomark.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kilomark.conversion.onnx_run import Images
    from kilomark.engines.cache import EngineCache
    from kilomark.engines.target import EngineKey
    from kilomark.manifest import Bundle

__all__ = ["EngineBuild", "check_tensorrt_installed", "run_worker"]

log = logging.getLogger(__name__)

WORKER = "kilomark.engines.tensorrt_worker"
INSTALL_TENSORRT = (
    "pip install 'kilomark[gpu]' (or '.[gpu]' in the source folder); on a Jetson JetPack brings it "
    "with the system's Python: make the virtual environment with --system-site-packages"
)


def check_tensorrt_installed() -> None:
    """Check that engines can be built by this Python.

    Raises:
        EngineError: TensorRT's Python package is missing.
    """
    if importlib.util.find_spec("tensorrt") is None:
        raise EngineError(
            f"engines are built by TensorRT's Python package, which is missing: {INSTALL_TENSORRT}"
        )


@dataclass(frozen=True, slots=True)
class EngineBuild:
    """Builds engines with TensorRT.

    Attributes:
        samples: (N, 3, H, W) inputs of the network to check the conversion on; by default the demo
            photo, varied.
    """

    samples: Images | None = None

    def __call__(self, bundle: Bundle, key: EngineKey, cache: EngineCache) -> Built:
        """Convert the network of ``bundle`` as ``key`` asks, and build its engine.

        Raises:
            EngineError: a package is missing, the network cannot be converted, or TensorRT failed.
        """
        check_tensorrt_installed()
        try:
            from kilomark.conversion.converted import convert_model
        except ModuleNotFoundError as error:
            raise EngineError(
                f"converting a network needs the package {error.name}: pip install 'kilomark[gpu]'"
            ) from error
        converted = convert_model(bundle, key.precision, samples=self.samples)
        return run_worker(converted.model, converted.facts, key, cache)


def run_worker(model: bytes, facts: Mapping[str, Any], key: EngineKey, cache: EngineCache) -> Built:
    """Build the engine of a converted model in a worker process.

    Raises:
        EngineError: TensorRT failed, or the worker died.
    """
    gpu = "".join(c if c.isalnum() or c == "." else "-" for c in key.target.gpu_name)
    timings = cache.folder / f"timings_{gpu}_trt{key.target.tensorrt_version}.cache"
    with tempfile.TemporaryDirectory(prefix="kilomark-engine-") as folder_name:
        folder = Path(folder_name)
        (folder / "model.onnx").write_bytes(model)
        request = {
            "model": str(folder / "model.onnx"),
            "plan": str(folder / "plan"),
            "profile": asdict(key.profile),
            "timing_cache": str(timings),
            "tensorrt_version": key.target.tensorrt_version,
        }
        (folder / "request.json").write_text(json.dumps(request))
        result = _run(folder, key.target.gpu_index)
        plan = (folder / "plan").read_bytes()
    return Built(plan, {**facts, "onnx_sha256": hashlib.sha256(model).hexdigest(), **result})


def _run(folder: Path, gpu_index: int) -> dict[str, Any]:
    """Run the worker to its end; return its last line."""
    with (folder / "log").open("w+") as messages:
        with subprocess.Popen(
            [sys.executable, "-m", WORKER, str(folder / "request.json")],
            stdout=subprocess.PIPE, stderr=messages, text=True,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": _visible_device(os.environ, gpu_index)},
        ) as worker:  # fmt: skip
            last = _follow(worker.stdout or ())
        if worker.returncode == 0 and "error" not in last:
            return last
        messages.seek(0)
        tail = " | ".join(messages.read().splitlines()[-5:])
    if "error" in last:
        raise EngineError(str(last["error"]))
    raise EngineError(
        f"the process that builds the engine ended with code {worker.returncode}; its last output: "
        f"{tail or '(none)'}"
    )


def _follow(lines: Iterable[str]) -> dict[str, Any]:
    """Log the progress, in tenths of each phase; return the last line."""
    last: dict[str, Any] = {}
    logged: dict[str, int] = {}
    for line in lines:
        try:
            message = json.loads(line)
        except ValueError:
            message = None
        if not isinstance(message, dict):  # TensorRT itself printed something
            continue
        last = message
        if "phase" in last:
            phase, tenth = last["phase"], 10 * last["step"] // max(last["steps"], 1)
            if tenth > logged.get(phase, -1):
                logged[phase] = tenth
                log.info("%s: %d %%", phase, 10 * tenth)
    return last


def _visible_device(environment: Mapping[str, str], gpu_index: int) -> str:
    """Return what CUDA_VISIBLE_DEVICES must be for the worker to see one GPU alone."""
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return str(gpu_index)
    return visible.split(",")[gpu_index].strip()
