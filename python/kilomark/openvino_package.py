"""Where OpenVINO's Python package is, whose libraries the C++ core opens when it needs them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from kilomark import _core

__all__ = ["point_core_to_openvino"]


def point_core_to_openvino() -> None:
    """Tell the core the folder of OpenVINO's libraries; the package itself is not imported."""
    try:
        spec = importlib.util.find_spec("openvino")
    except ValueError:  # somebody put a module without a spec into sys.modules
        return
    for folder in (spec and spec.submodule_search_locations) or ():
        libraries = Path(folder, "libs")
        if libraries.is_dir():
            _core.use_openvino_folder(str(libraries))
            return
