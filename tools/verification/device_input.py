"""Frames that are already on the GPU are read there, on the stream that writes them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from kilomark import RawImage

from . import limits
from .outcomes import CannotCheckError, Figures, require
from .subject import Picture, Subject, boxes, crop_sides, frames, moved_px


def frames_on_the_gpu(subject: Subject) -> Figures:
    """A torch tensor, a part of one, and `__cuda_array_interface__` answer as the host's."""
    torch = torch_with_cuda(subject)
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


def streams_are_honored(subject: Subject) -> Figures:
    """A frame that a busy stream of torch is still writing is read when it is whole."""
    torch = torch_with_cuda(subject)
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


def nv12_frames(subject: Subject) -> Figures:
    """A frame in NV12, of host memory, answers as in BGR, but for the colors that it averages."""
    if subject.device == "cpu":
        raise CannotCheckError("NV12 is for GPUs")
    (picture,) = frames(1)
    given = boxes(8)
    detector = subject.detector()
    wanted = detector.predict(picture, boxes=given)
    found = detector.predict(RawImage(to_nv12(picture), "nv12"), boxes=given)
    moved = moved_px(found, wanted, crop_sides(given))
    figures = {"mean_px": moved.mean(), "worst_px": moved.max()}
    require(
        moved.mean() <= limits.NV12_MEAN_PX, f"moves by {moved.mean():.3f} px on average", figures
    )
    return figures


def to_nv12(picture: Picture) -> Picture:
    """(H, W, 3) BGR to (3 H / 2, W): luma, then chroma averaged over 2 x 2, BT.601 limited."""
    height, width = picture.shape[:2]
    blue, green, red = np.moveaxis(picture.astype(np.float64), -1, 0)
    luma = 16 + (65.481 * red + 128.553 * green + 24.966 * blue) / 255
    cb = 128 + (-37.797 * red - 74.203 * green + 112.0 * blue) / 255
    cr = 128 + (112.0 * red - 93.786 * green - 18.214 * blue) / 255
    planes = [plane.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3)) for plane in (cb, cr)]
    chroma = np.stack(planes, axis=-1).reshape(height // 2, width)
    return np.rint(np.concatenate([luma, chroma])).astype(np.uint8)


class _InterfaceOnly:
    """An array that has `__cuda_array_interface__` and no DLPack, as PyCUDA's."""

    def __init__(self, tensor: Any) -> None:  # noqa: ANN401
        self._owner = tensor
        self.__cuda_array_interface__ = dict(tensor.__cuda_array_interface__)


def _keep_busy(torch: Any, device: str) -> None:  # noqa: ANN401
    matrix = torch.ones((4096, 4096), device=device)
    for _ in range(10):
        matrix = matrix @ matrix * 1e-4


def torch_with_cuda(subject: Subject) -> Any:  # noqa: ANN401
    """Return the module torch, or say why it cannot give frames on the GPU."""
    if subject.device == "cpu":
        raise CannotCheckError("frames on a GPU need one")
    try:
        torch = import_module("torch")
    except ImportError as error:
        raise CannotCheckError("pip install torch, to have arrays on the GPU") from error
    if not torch.cuda.is_available():
        raise CannotCheckError("torch is here, but built without CUDA")
    return torch
