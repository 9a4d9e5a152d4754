"""A stand-in for TensorRT's Python package: the names that kilomark uses, as TensorRT 10 has them.

The environment variable FAKE_TENSORRT makes it misbehave, FAKE_TENSORRT_VERSION gives it another
version, and FAKE_TENSORRT_PLAN is the engine that it builds, for the C++ tests' TensorRT to run.
"""

from __future__ import annotations

import enum
import json
import os

MOOD = os.environ.get("FAKE_TENSORRT", "")
__version__ = os.environ.get("FAKE_TENSORRT_VERSION", "10.14.1.48")


class ILogger:
    class Severity(enum.IntEnum):
        INTERNAL_ERROR = 0
        ERROR = 1
        WARNING = 2
        INFO = 3
        VERBOSE = 4


class IProgressMonitor:
    pass


class BuilderFlag(enum.IntEnum):
    TF32 = 3


class NetworkDefinitionCreationFlag(enum.IntEnum):
    STRONGLY_TYPED = 1


class ProfilingVerbosity(enum.IntEnum):
    DETAILED = 2


class _Input:
    name = "image"


class _Network:
    def __init__(self, flags) -> None:
        self.flags = flags
        self.model = b""

    def get_input(self, _index):
        return _Input()


class _Error:
    def node(self) -> int:
        return 7

    def desc(self) -> str:
        return "no such operator"


class OnnxParser:
    num_errors = 1

    def __init__(self, network, _logger) -> None:
        self.network = network

    def parse(self, model):
        self.network.model = model
        return MOOD != "parse"

    def get_error(self, _index):
        return _Error()


class _TimingCache:
    def __init__(self, content) -> None:
        self.content = content

    def serialize(self):
        return self.content + b"+"


class _Config:
    progress_monitor = None
    profiling_verbosity = None

    def __init__(self) -> None:
        self.cleared, self.profiles, self.timings = [], [], None

    def clear_flag(self, flag) -> None:
        self.cleared.append(flag.name)

    def add_optimization_profile(self, profile) -> None:
        self.profiles.append(profile.shapes)

    def create_timing_cache(self, content):
        return None if content == b"damaged" else _TimingCache(content)

    def set_timing_cache(self, timings, _ignore_mismatch) -> bool:
        self.timings = timings
        return True

    def get_timing_cache(self):
        return self.timings


class _Profile:
    def set_shape(self, name, *shapes) -> None:
        self.shapes = {name: shapes}


class Builder:
    def __init__(self, logger) -> None:
        self.logger = logger

    def create_network(self, flags):
        return _Network(flags)

    def create_builder_config(self):
        return _Config()

    def create_optimization_profile(self):
        return _Profile()

    def build_serialized_network(self, network, config):
        print("TensorRT prints this")
        print("7")
        monitor = config.progress_monitor
        monitor.phase_start("Building", None, 2)
        if MOOD == "die":
            os.abort()
        if MOOD == "build":
            self.logger.log(ILogger.Severity.ERROR, "out of memory")
            return None
        for step in (0, 1):
            assert monitor.step_complete("Building", step)
        monitor.phase_finish("Building")
        if "FAKE_TENSORRT_PLAN" in os.environ:
            return os.environ["FAKE_TENSORRT_PLAN"].encode()
        return json.dumps(
            {
                "strongly_typed": bool(network.flags & 2),
                "cleared": config.cleared,
                "profiles": config.profiles,
                "timings": config.timings.content.decode(),
                "model_bytes": len(network.model),
                "gpus": os.environ.get("CUDA_VISIBLE_DEVICES"),
            }
        ).encode()
