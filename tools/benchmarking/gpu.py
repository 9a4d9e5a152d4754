"""Section: one landmark network on a GPU, against what else runs it there, in the same turns.

Every candidate takes normalized crops from host memory and gives landmarks in host memory, in half
precision, so that each pays for the same copies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark import Detector
from kilomark.devices import choose_device, probe_cuda
from kilomark.errors import KilomarkError
from kilomark.manifest import LandmarkBundle, read_landmark_bundle

from .photos import face_box, frame
from .results import NotInstalledError, Row, Section, Target
from .timing import Call, alternate

if TYPE_CHECKING:
    import numpy.typing as npt

MODEL = "resnext50"
BATCHES = (1, 64)
OURS = "kilomark, TensorRT"


def why_no_gpu(device: str) -> str:
    """Return why the section cannot be measured on ``device``; empty if it can."""
    try:
        choose_device(device)
    except KilomarkError as error:
        return str(error)
    return ""


def measure(device: str, *, rounds: int) -> Section:
    reason = why_no_gpu(device)
    section = Section(f"{MODEL} on {device}", "crops from host memory to landmarks in host memory")
    if reason:
        section.rows.append(Row(OURS, note=f"not measured: {reason}"))
        section.targets += [_target(batch, name) for batch in BATCHES for name in RIVALS]
        return section
    index = int(device.partition(":")[2] or 0)
    section.conditions += f"; {probe_cuda().devices[index].name}"
    bundle = read_landmark_bundle(MODEL)
    detector = Detector(
        MODEL, finder=None, device=device, max_batch=max(BATCHES), blend=False, eyes=False
    )
    for batch in BATCHES:
        _measure_batch(section, detector, bundle, batch=batch, rounds=rounds)
    image, box = frame(640, 480), face_box(640, 480)
    calls: dict[str, Call] = {"predict, one given box": lambda: detector.predict(image, boxes=box)}
    timings = alternate(calls, rounds=rounds)
    section.add_timings(timings)
    return section


def _measure_batch(
    section: Section, detector: Detector, bundle: LandmarkBundle, *, batch: int, rounds: int
) -> None:
    shape = (batch, 3, bundle.input.height, bundle.input.width)
    crops = np.random.default_rng(0).standard_normal(shape, np.float32)
    infer = detector._core.infer  # noqa: SLF001 - the network alone
    calls: dict[str, Call] = {OURS: lambda: infer("landmarks", crops)}
    for name, make in RIVALS.items():
        with section.rival(f"batch {batch}: {name}"):
            calls[name] = make(bundle, crops, detector.device)
    timings = alternate(calls, rounds=rounds)
    section.add_timings({f"batch {batch}: {name}": found for name, found in timings.items()})
    for name in RIVALS:
        section.hold_to(_target(batch, name).name, timings, OURS, name, limit=1.0)


def _target(batch: int, rival: str) -> Target:
    """Not measured yet: no slower than the rival."""
    return Target(f"batch {batch}: kilomark / {rival}", limit=1.0, measured=None)


def _torch_eager(bundle: LandmarkBundle, crops: npt.NDArray[np.float32], device: str) -> Call:
    """PyTorch eager, half precision, channels last; random weights take as long as others."""
    torch, network = _torch_network(bundle, device)
    host = torch.from_numpy(crops).pin_memory()
    half = {"dtype": torch.half, "memory_format": torch.channels_last}

    def run() -> object:
        with torch.inference_mode():
            batch = host.to(device, non_blocking=True).to(**half)
            return network(batch).landmarks.float().cpu()

    return run


def _torch_compiled(bundle: LandmarkBundle, crops: npt.NDArray[np.float32], device: str) -> Call:
    """The same under torch.compile, tuned as far as it goes, CUDA graphs included."""
    torch, network = _torch_network(bundle, device)
    compiled = torch.compile(network, mode="max-autotune")
    host = torch.from_numpy(crops).pin_memory()
    half = {"dtype": torch.half, "memory_format": torch.channels_last}

    def run() -> object:
        with torch.inference_mode():
            batch = host.to(device, non_blocking=True).to(**half)
            return compiled(batch).landmarks.float().cpu()

    return run


def _torch_network(bundle: LandmarkBundle, device: str) -> tuple[Any, Any]:
    try:
        import torch

        from kilomark.networks.resnext50 import make_resnext50
    except ImportError as error:
        raise NotInstalledError("pip install torch torchvision, built with CUDA") from error
    if not torch.cuda.is_available():
        raise NotInstalledError("torch is here, but built without CUDA")
    network = make_resnext50(bundle.topology.num_landmarks).eval().half().to(device)
    return torch, network.to(memory_format=torch.channels_last)


def _onnxruntime_cuda(bundle: LandmarkBundle, crops: npt.NDArray[np.float32], device: str) -> Call:
    """ONNX Runtime's CUDA provider, on the FP16 network that kilomark's engine is built from."""
    try:
        import onnxruntime

        from kilomark.conversion.converted import convert_model
    except ImportError as error:
        raise NotInstalledError("pip install onnxruntime-gpu onnx") from error
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise NotInstalledError("onnxruntime has no CUDA provider: pip install onnxruntime-gpu")
    index = int(device.partition(":")[2] or 0)
    providers = [
        ("CUDAExecutionProvider", {"device_id": index, "cudnn_conv_algo_search": "EXHAUSTIVE"})
    ]
    session = onnxruntime.InferenceSession(convert_model(bundle).model, providers=providers)
    return lambda: session.run(["landmarks"], {"image": crops})


RIVALS = {
    "PyTorch eager": _torch_eager,
    "torch.compile": _torch_compiled,
    "ONNX Runtime CUDA": _onnxruntime_cuda,
}
