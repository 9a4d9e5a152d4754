"""From an ONNX model to a serialized engine, with TensorRT 10, 11 or TensorRT for RTX.

The three are passed in as the module: what is used here they have in common. Networks are strongly
typed: each layer computes in the type that the ONNX model gives it, so there is no precision flag,
which TensorRT 11 no longer has.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from kilomark.errors import EngineError
from kilomark.whole_files import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark.engines.target import BatchProfile

__all__ = ["Report", "build_plan", "make_logger", "parse_network"]

log = logging.getLogger(__name__)

Report: TypeAlias = Callable[[str, int, int], None]
"""Called with a phase, the steps of it that are done, and how many it has."""


def build_plan(
    trt: Any,  # noqa: ANN401 - one of three modules, none of which has types
    model: bytes,
    profile: BatchProfile,
    *,
    report: Report | None = None,
    timing_cache: Path | None = None,
) -> bytes:
    """Build the engine of an ONNX model.

    Args:
        trt: the module tensorrt or tensorrt_rtx.
        model: the ONNX model; its inputs and outputs are float32.
        profile: the batches that the engine takes.
        report: called with the progress.
        timing_cache: file in which TensorRT keeps what it measured, so that the next build of a
            like network is faster. Not with tensorrt_rtx, for which it would ask for a GPU.

    Raises:
        EngineError: the model cannot be parsed or the engine not built.
    """
    logger = make_logger(trt)
    logger.errors.clear()
    builder = trt.Builder(logger)
    network = parse_network(trt, builder, logger, model)
    config = builder.create_builder_config()
    if hasattr(trt.BuilderFlag, "TF32"):  # it would cut what is kept in FP32 to half's 10 bits
        config.clear_flag(trt.BuilderFlag.TF32)
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED
    for sizes in profile.tuned_batches():
        batches = builder.create_optimization_profile()
        batches.set_shape(network.get_input(0).name, *map(profile.shape, sizes))
        config.add_optimization_profile(batches)
    if report is not None and hasattr(trt, "IProgressMonitor"):
        config.progress_monitor = _make_monitor(trt, report)
    if timing_cache is not None:
        _read_timings(config, timing_cache)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise EngineError(f"TensorRT {trt.__version__} built no engine: {_last(logger.errors)}")
    if timing_cache is not None:
        _write_timings(config, timing_cache)
    return bytes(plan)


def parse_network(trt: Any, builder: Any, logger: Any, model: bytes) -> Any:  # noqa: ANN401
    """Parse an ONNX model into a new, strongly typed network.

    Raises:
        EngineError: TensorRT does not take the model; the message names the nodes.
    """
    flags = getattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    network = builder.create_network(0 if flags is None else 1 << int(flags))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(model):
        errors = [parser.get_error(index) for index in range(parser.num_errors)]
        listed = "; ".join(f"node {error.node()}: {error.desc()}" for error in errors)
        raise EngineError(f"TensorRT {trt.__version__} does not take the model: {listed}")
    return network


def _read_timings(config: Any, path: Path) -> None:  # noqa: ANN401
    """Start from the timing cache in ``path``; without one, or with one of no use, from none."""
    known = path.read_bytes() if path.is_file() else b""
    timings = config.create_timing_cache(known)
    if timings is None or not config.set_timing_cache(timings, False):
        log.warning("the timing cache %s does not fit this machine; making a new one", path)
        config.set_timing_cache(config.create_timing_cache(b""), False)


def _write_timings(config: Any, path: Path) -> None:  # noqa: ANN401
    """Write the timing cache whole or not at all; without it the next build takes longer."""
    try:
        write_whole(path, bytes(config.get_timing_cache().serialize()))
    except OSError as error:
        log.warning("the timing cache %s cannot be written: %s", path, error.strerror)


def _last(errors: list[str]) -> str:
    return "; ".join(errors[-3:]) or "it gave no reason"


@functools.cache
def make_logger(trt: Any) -> Any:  # noqa: ANN401
    """Make the logger that passes TensorRT's messages on to Python's logging.

    There is one for a process: TensorRT ignores any later one. Its ``errors`` are for the error
    that may follow.
    """
    severities = trt.ILogger.Severity
    levels = {
        severities.INTERNAL_ERROR: logging.ERROR,
        severities.ERROR: logging.ERROR,
        severities.WARNING: logging.WARNING,
        severities.INFO: logging.DEBUG,
        severities.VERBOSE: logging.NOTSET,
    }

    class Logger(trt.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.errors: list[str] = []

        def log(self, severity: object, message: str) -> None:
            level = levels.get(severity, logging.ERROR)
            if level >= logging.ERROR:
                self.errors.append(message)
            if level > logging.NOTSET:
                log.log(level, "%s", message)

    return Logger()


def _make_monitor(trt: Any, report: Report) -> Any:  # noqa: ANN401
    """Make a monitor that passes TensorRT's progress on to ``report``."""

    class Monitor(trt.IProgressMonitor):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.steps: dict[str, int] = {}

        def phase_start(self, phase_name: str, _parent: str | None, num_steps: int) -> None:
            self.steps[phase_name] = num_steps
            report(phase_name, 0, num_steps)

        def phase_finish(self, phase_name: str) -> None:
            steps = self.steps.pop(phase_name, 0)
            report(phase_name, steps, steps)

        def step_complete(self, phase_name: str, step: int) -> bool:
            report(phase_name, step, self.steps.get(phase_name, 0))
            return True  # go on

    return Monitor()
