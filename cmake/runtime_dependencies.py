"""Metadata provider: the run-time dependencies, with OpenVINO pinned as it is for the build."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

__all__ = ["dynamic_metadata"]

_PIN = re.compile(r'^requires = .*"(openvino==[0-9.]+)"', re.MULTILINE)


def dynamic_metadata(_settings: dict[str, Any], _project: dict[str, Any]) -> dict[str, list[str]]:
    """Return `project.dependencies`; scikit-build-core calls it in the root of the sources."""
    match = _PIN.search(Path("pyproject.toml").read_text(encoding="utf-8"))
    if match is None:
        raise RuntimeError("pyproject.toml: build-system.requires must pin openvino==X.Y.Z")
    return {"dependencies": ["numpy>=1.26", match[1], "Pillow>=10.3"]}
