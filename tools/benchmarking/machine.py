"""What a benchmark ran on, so that its figures can be read later."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "kilomark",
    "openvino",
    "numpy",
    "opencv-python-headless",
    "opencv-contrib-python",
    "torch",
    "torchvision",
    "ai-edge-litert",
    "mediapipe",
)


def describe_machine() -> dict[str, object]:
    return {
        "processor": _processor(),
        "usable_cores": len(os.sched_getaffinity(0)),
        "load_before": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("model name", "Model"):
            return value.strip()
    return platform.machine()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
