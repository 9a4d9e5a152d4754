"""Frames that are already on the GPU are read there, on the stream that writes them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from . import limits
from .outcomes import CannotCheckError, Figures, require
from .subject import Subject, boxes, crop_sides, frames, moved_px


def frames_on_the_gpu(subject: Subject) -> Figures:
    """A torch tensor, a part of one, and `__cuda_array_interface__` answer as the host's."""
    torch = _torch_with_cuda(subject)
    (picture,) = frames(1)
    given = boxes(4)
    detector = subject.detector()
    wanted = detector.predict(picture, boxes=given)
    tensor = torch.from_numpy(picture).to(subject.device)
    padded = torch.zeros(
        (picture.shape[0], picture.shape[1] + 13, 3), dtype=torch.uint8, device=subject.device
    )
    padded[:, : picture.shape[1]] = tensor
    inputs = {
        "DLPack": tensor,
        "strided": padded[:, : picture.shape[1]],
        "__cuda_array_interface__": _InterfaceOnly(tensor),
    }
    figures = {}
    for name, frame in inputs.items():
        found = detector.predict(frame, boxes=given)
        figures[name] = float(moved_px(found, wanted, crop_sides(given)).max())
    over = [name for name, px in figures.items() if not px <= limits.DEVICE_INPUT_WORST_PX]
    require(not over, f"{', '.join(over)}: not the host's answers", figures)
    return figures


def streams_are_honoured(subject: Subject) -> Figures:
    """A frame that a busy stream of torch is still writing is read when it is whole."""
    torch = _torch_with_cuda(subject)
    (picture,) = frames(1)
    given = boxes(4)
    detector = subject.detector()
    wanted = detector.predict(picture, boxes=given)
    stream = torch.cuda.Stream(subject.device)
    host = torch.from_numpy(picture).pin_memory()
    worst = 0.0
    for _ in range(20):
        with torch.cuda.stream(stream):
            frame = torch.zeros(picture.shape, dtype=torch.uint8, device=subject.device)
            _keep_busy(torch, subject.device)
            frame.copy_(host, non_blocking=True)
            found = detector.predict(frame, boxes=given)
        worst = max(worst, float(moved_px(found, wanted, crop_sides(given)).max()))
    require(worst <= limits.DEVICE_INPUT_WORST_PX, f"a landmark moves by {worst:.2f} px")
    return {"worst_px": worst}


class _InterfaceOnly:
    """An array that has `__cuda_array_interface__` and no DLPack, as PyCUDA's."""

    def __init__(self, tensor: Any) -> None:  # noqa: ANN401
        self._owner = tensor
        self.__cuda_array_interface__ = dict(tensor.__cuda_array_interface__)


def _keep_busy(torch: Any, device: str) -> None:  # noqa: ANN401
    matrix = torch.ones((4096, 4096), device=device)
    for _ in range(10):
        matrix = matrix @ matrix * 1e-4


def _torch_with_cuda(subject: Subject) -> Any:  # noqa: ANN401
    if subject.device == "cpu":
        raise CannotCheckError("frames on a GPU need one")
    try:
        torch = import_module("torch")
    except ImportError as error:
        raise CannotCheckError("pip install torch, to have arrays on the GPU") from error
    if not torch.cuda.is_available():
        raise CannotCheckError("torch is here, but built without CUDA")
    return torch
