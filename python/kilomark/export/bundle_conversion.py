"""`kilomark.export.convert`: a network as an engine for a GPU, or quantized for the CPU."""

from __future__ import annotations

import importlib.util
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from kilomark.devices import choose_device, cuda_index, probe_cuda
from kilomark.engines import (
    BatchProfile,
    EngineTarget,
    default_engine_folder,
    find_or_build_engine,
)
from kilomark.engines.build_process import EngineBuild, check_tensorrt_installed
from kilomark.errors import EngineError, InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.extras import check_train_extra
from kilomark.manifest import FinderBundle, read_bundle

if TYPE_CHECKING:
    from kilomark.conversion.onnx_run import Images
    from kilomark.manifest import Bundle

__all__ = ["Batches", "Target", "convert"]

log = logging.getLogger(__name__)

Target: TypeAlias = Literal["tensorrt", "tensorrt-rtx", "onnx"]


@dataclass(frozen=True, slots=True)
class Batches:
    """Batch sizes that an engine takes. It is tuned for ``opt``: by default ``max``, at most 8."""

    min: int = 1
    opt: int = 0
    max: int = 16


def convert(
    model: str | Path,
    *,
    precision: Literal["fp16", "fp32", "int8"] = "fp16",
    target: Target | None = None,
    out: str | Path | None = None,
    samples: str | Path | None = None,
    batches: Batches = Batches(),  # frozen
    finder_size: int | None = None,
    device: str = "cuda",
) -> Path:
    """Convert a network, and check on faces that its landmarks stay where they are.

    Args:
        model: name of a shipped bundle, folder of a bundle, or folder of a training run.
        precision: ``"int8"`` writes a bundle for the CPU; the others are for GPUs.
        target: ``"tensorrt"``, the default, builds the engine for this machine's GPU into the
            engine cache; ``"tensorrt-rtx"`` builds an engine for all RTX GPUs, and needs no GPU;
            ``"onnx"`` writes the ONNX model.
        out: where to write; by default the engine cache for ``"tensorrt"``, else a folder named
            for the network and the precision.
        samples: photos of faces, or a data set of face crops, to check and calibrate on. By default
            the demo photo, varied; ``"int8"`` needs faces of your own.
        batches: of the engine.
        finder_size: side in pixels of a face detector's image; its own by default.
        device: GPU to build for, such as ``"cuda"`` or ``"cuda:1"``.

    Returns:
        The file or folder that was written.

    Raises:
        BundleError: the bundle is missing or damaged.
        EngineError: a package is missing, the network cannot be converted, or TensorRT failed.
        InvalidInputError: an option or the faces cannot be used.
    """
    if precision == "int8":
        return _quantize(model, target, out, samples)
    chosen = target or "tensorrt"
    if chosen == "tensorrt":
        _check_can_build(device)
    bundle = _read(model, samples)
    profile = _profile(bundle, batches, finder_size)
    inputs = None if samples is None or precision == "fp32" else _read_samples(bundle, samples)
    if chosen == "tensorrt":
        folder = default_engine_folder() if out is None else Path(out)
        gpu = EngineTarget.of_probe(probe_cuda(), cuda_index(device) or 0)
        find_or_build_engine(
            bundle, gpu, profile, precision=precision, folder=folder, build=EngineBuild(inputs)
        )
        return folder
    from kilomark.conversion.converted import convert_model
    from kilomark.engines.products import build_rtx_engine, write_onnx

    converted = convert_model(bundle, precision, samples=inputs)
    name = f"{bundle.name}-{precision}"
    folder = Path(out or name)
    if chosen == "onnx":
        return write_onnx(folder, name, converted)
    return build_rtx_engine(folder, name, converted, profile, _log_phase)


def _read(model: str | Path, samples: str | Path | None) -> Bundle:
    """Read the bundle; export a training run first."""
    run_dir = Path(model)
    if not (run_dir / "run.json").is_file():
        return read_bundle(model)
    check_train_extra("kilomark convert RUN")
    from kilomark.export.run_export import export

    return read_bundle(export(run_dir, run_dir / "bundle", faces=samples))


def _read_samples(bundle: Bundle, samples: str | Path) -> Images:
    from kilomark.export.sample_faces import read_samples

    return read_samples(bundle, Path(samples))


def _check_can_build(device: str) -> None:
    """Check for a GPU and TensorRT before anything that takes time."""
    check_tensorrt_installed()
    if choose_device(device) == "cpu":
        raise InvalidInputError(
            f"engines are built on the GPU that runs them, and --device {device} is not a GPU; "
            "expected cuda or cuda:<number>; --target tensorrt-rtx and --target onnx need no GPU"
        )


def _quantize(
    model: str | Path, target: Target | None, out: str | Path | None, samples: str | Path | None
) -> Path:
    if target not in (None, "onnx"):
        raise InvalidInputError(
            f"--precision int8 is for CPUs, --target {target} for GPUs; expected fp16 or fp32 there"
        )
    if importlib.util.find_spec("nncf") is None:
        raise EngineError("networks are quantized by nncf: pip install 'kilomark[int8]'")
    if samples is None:
        raise InvalidInputError(
            "--precision int8 measures the network's activations on faces; expected --samples with "
            "photos of at least some dozens of people, or a data set of face crops"
        )
    from kilomark.conversion.int8 import quantize_bundle
    from kilomark.export.sample_faces import read_calibration_samples

    bundle = _read(model, samples)
    folder = Path(out or f"{bundle.name}-int8")
    quantize_bundle(bundle, *read_calibration_samples(bundle, Path(samples)), folder)
    return folder


def _profile(bundle: Bundle, batches: Batches, finder_size: int | None) -> BatchProfile:
    width, height = bundle.input.width, bundle.input.height
    if finder_size is not None:
        if not isinstance(bundle, FinderBundle):
            raise InvalidInputError(
                f"--finder-size is for a face detector; {excerpt(bundle.name)} takes {width} x "
                f"{height} px"
            )
        width = height = finder_size
    return BatchProfile(
        width, height, max_batch=batches.max, opt_batch=batches.opt, min_batch=batches.min
    )


def _log_phase(phase: str, step: int, steps: int) -> None:
    if step == 0:
        log.info("%s: %d steps", phase, steps)
