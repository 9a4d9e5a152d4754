"""TensorRT engines: built once per network, GPU and TensorRT, and kept in the user's cache folder.

    plan = find_or_build_engine(bundle, EngineTarget.of_probe(probe), profile)

An engine runs only on the GPU model and with the TensorRT version that it was built for, so a
bundle holds none. Importing this package imports neither tensorrt nor onnx; building an engine
does.
"""

from __future__ import annotations

from kilomark.engines.cache import EngineCache, default_engine_folder
from kilomark.engines.lookup import find_engine, find_or_build_engine
from kilomark.engines.target import BatchProfile, EngineKey, EngineTarget, Precision

__all__ = [
    "BatchProfile",
    "EngineCache",
    "EngineKey",
    "EngineTarget",
    "Precision",
    "default_engine_folder",
    "find_engine",
    "find_or_build_engine",
]
