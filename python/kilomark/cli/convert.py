"""``kilomark convert``: a network as an engine for a GPU, or quantized for the CPU."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.errors import EngineError, InvalidInputError
from kilomark.manifest import FinderBundle, read_bundle

if TYPE_CHECKING:
    import argparse

    from kilomark.conversion.onnx_run import Images
    from kilomark.engines import BatchProfile
    from kilomark.manifest import Bundle

__all__ = ["add_parser"]

DESCRIPTION = """\
Convert a network to the precision asked for and check on faces that its landmarks stay where they
are. Then, for --target tensorrt, build the engine for this machine's GPU into the engine cache,
where Detector(device="cuda") finds it; for tensorrt-rtx, build an engine for all RTX GPUs, which
needs no GPU; for onnx, write the ONNX model. --precision int8 writes a bundle for the CPU."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "convert", help="make an engine for a GPU, or quantize for the CPU", description=DESCRIPTION
    )
    parser.add_argument(
        "model", help="name of a shipped bundle, folder of a bundle, or of a training run"
    )
    parser.add_argument("--precision", choices=("fp16", "int8", "fp32"), default="fp16")
    parser.add_argument(
        "--target", choices=("tensorrt", "tensorrt-rtx", "onnx"),
        help="default: tensorrt; not with --precision int8, which is for CPUs",
    )  # fmt: skip
    parser.add_argument("--min-batch", type=int, default=1, help="smallest batch of the engine")
    parser.add_argument("--opt-batch", type=int, default=0, help="the batch it is tuned for")
    parser.add_argument("--max-batch", type=int, default=16, help="largest batch of the engine")
    parser.add_argument(
        "--finder-size", type=int, metavar="PX", help="side of the face finder's image"
    )
    parser.add_argument("--device", default="cuda", help="GPU to build for: cuda, cuda:1, ...")
    parser.add_argument(
        "--faces", type=Path, metavar="FOLDER",
        help="photos of faces, or a data set of face crops, to check and calibrate on "
        "(default: the demo photo, varied; int8 needs faces of your own)",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="where to write (default: the engine cache for "
        "tensorrt, else a folder named for the network and the precision)",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Convert; 0 when done."""
    logging.getLogger("kilomark.engines").setLevel(logging.INFO)  # a build takes minutes: show it
    logging.getLogger("kilomark.export").setLevel(logging.INFO)
    if options.precision == "int8":
        return _quantize(options)
    target = options.target or "tensorrt"
    if target == "tensorrt":
        _check_can_build(options.device)
    bundle = _read(options)
    if target == "tensorrt":
        return _build_for_this_gpu(bundle, options)
    from kilomark.conversion.converted import convert_model

    converted = convert_model(bundle, options.precision, samples=_samples(bundle, options))
    name = f"{bundle.name}-{options.precision}"
    folder = options.out or Path(name)
    if target == "onnx":
        from kilomark.engines.products import write_onnx

        print(write_onnx(folder, name, converted))
        return 0
    from kilomark.engines.products import build_rtx_engine

    print(build_rtx_engine(folder, name, converted, _profile(bundle, options), _report))
    return 0


def _read(options: argparse.Namespace) -> Bundle:
    """Read the bundle; of a training run, export it first."""
    run_dir = Path(options.model)
    if not (run_dir / "run.json").is_file():
        return read_bundle(options.model)
    from kilomark.cli.export import export_run
    from kilomark.cli.train_extra import check_train_extra

    check_train_extra("convert RUN")
    folder = run_dir / "bundle"
    export_run(run_dir, folder, faces_dir=options.faces)
    return read_bundle(folder)


def _check_can_build(device: str) -> None:
    """Check for a GPU and TensorRT before anything that takes time."""
    from kilomark.devices import choose_device
    from kilomark.engines.build_process import check_tensorrt_installed

    check_tensorrt_installed()
    if choose_device(device) == "cpu":
        raise InvalidInputError(
            f"engines are built on the GPU that runs them, and --device {device} is none; expected "
            "cuda or cuda:<number>; --target tensorrt-rtx and --target onnx need no GPU"
        )


def _build_for_this_gpu(bundle: Bundle, options: argparse.Namespace) -> int:
    from kilomark.devices import cuda_index, probe_cuda
    from kilomark.engines import EngineTarget, default_engine_folder, find_or_build_engine
    from kilomark.engines.build_process import EngineBuild

    folder = options.out or default_engine_folder()
    target = EngineTarget.of_probe(probe_cuda(), cuda_index(options.device) or 0)
    find_or_build_engine(
        bundle, target, _profile(bundle, options), precision=options.precision, folder=folder,
        build=EngineBuild(_samples(bundle, options)),
    )  # fmt: skip
    print(folder)
    return 0


def _quantize(options: argparse.Namespace) -> int:
    if options.target not in (None, "onnx"):
        raise InvalidInputError(
            f"--precision int8 is for CPUs, --target {options.target} for GPUs; expected fp16 or "
            "fp32 there"
        )
    if find_spec("nncf") is None:
        raise EngineError("networks are quantized by nncf: pip install 'kilomark[int8]'")
    if options.faces is None:
        raise InvalidInputError(
            "--precision int8 measures the network's activations on faces; expected --faces with "
            "photos of at least some dozens of people, or a data set of face crops"
        )
    from kilomark.conversion.int8 import quantize_bundle
    from kilomark.export.sample_faces import read_calibration_samples

    bundle = _read(options)
    folder = options.out or Path(f"{bundle.name}-int8")
    quantize_bundle(bundle, *read_calibration_samples(bundle, options.faces), folder)
    print(folder)
    return 0


def _samples(bundle: Bundle, options: argparse.Namespace) -> Images | None:
    if options.faces is None or options.precision == "fp32":
        return None
    from kilomark.export.sample_faces import read_samples

    return read_samples(bundle, options.faces)


def _profile(bundle: Bundle, options: argparse.Namespace) -> BatchProfile:
    from kilomark.engines import BatchProfile

    width, height = bundle.input.width, bundle.input.height
    if options.finder_size is not None:
        if not isinstance(bundle, FinderBundle):
            raise InvalidInputError(
                f"--finder-size is for a face finder; {bundle.name!r} takes {width} x {height} px"
            )
        width = height = options.finder_size
    return BatchProfile(
        width, height, max_batch=options.max_batch, opt_batch=options.opt_batch,
        min_batch=options.min_batch,
    )  # fmt: skip


def _report(phase: str, step: int, steps: int) -> None:
    if step == 0:
        logging.getLogger(__name__).info("%s: %d steps", phase, steps)
