"""The process that builds a TensorRT engine: ``python -m kilomark.engines.tensorrt_worker FILE``.

FILE is the request as JSON. Each line on the standard output is a JSON object: ``{"phase", "step",
"steps"}`` for progress, and at the end ``{"tensorrt"}`` or ``{"error"}``.
"""

from __future__ import annotations

import importlib
import json
import logging
import sys
from pathlib import Path
from typing import Any

from kilomark.engines.plan_builder import build_plan
from kilomark.engines.target import BatchProfile
from kilomark.errors import EngineError, KilomarkError

__all__ = ["main"]


def main(request_path: str) -> int:
    """Build what the request asks for; 0 when the plan is written."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    request = json.loads(Path(request_path).read_text())
    try:
        trt = _import_tensorrt(request["tensorrt_version"])
        plan = build_plan(
            trt,
            Path(request["model"]).read_bytes(),
            BatchProfile(**request["profile"]),
            report=lambda phase, step, steps: _say(phase=phase, step=step, steps=steps),
            timing_cache=Path(request["timing_cache"]),
        )
        Path(request["plan"]).write_bytes(plan)
    except (KilomarkError, OSError) as error:
        _say(error=str(error))
        return 1
    _say(tensorrt=trt.__version__)
    return 0


def _import_tensorrt(wanted: str) -> Any:  # noqa: ANN401
    """Import TensorRT's Python package, which must be of the version that will run the engine.

    JetPack's says three of the four parts of its version.
    """
    try:
        trt = importlib.import_module("tensorrt")
    except ImportError as error:
        raise EngineError(
            f"the Python package tensorrt cannot be imported: {error}; expected version {wanted}: "
            f"pip install tensorrt=={wanted}"
        ) from error
    found = trt.__version__.split(".")
    if found != wanted.split(".")[: len(found)]:
        raise EngineError(
            f"the Python package tensorrt is version {trt.__version__}, but the library that runs "
            f"the engine is {wanted}; engines are not shared between versions: "
            f"pip install tensorrt=={wanted}"
        )
    return trt


def _say(**values: object) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
