"""Pixels of a stated format, and arrays that are on a GPU already: nothing of them is copied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from kilomark import _core
from kilomark.errors import InvalidInputError, KilomarkError
from kilomark.excerpts import cut_text, excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "GpuArray",
    "PixelFormat",
    "RawImage",
    "RawPixels",
    "borrow_gpu_array",
    "is_gpu_array",
    "raw_to_pixels",
]

PixelFormat: TypeAlias = Literal["gray", "bgr", "rgb", "bgra", "rgba", "nv12", "nv12_bt709"]

PixelArray: TypeAlias = npt.NDArray[np.uint8] | _core.CudaArray
"""What the core reads pixels from."""

DLPACK_GPUS = (2, 13)  # kDLCUDA, kDLCUDAManaged


class GpuArray(Protocol):
    """An array on a GPU, of torch, cupy, PyCUDA, numba ...; DLPack alone will do as well."""

    @property
    def __cuda_array_interface__(self) -> Mapping[str, Any]:
        """The array's address, shape and stream; see numba's documentation."""


@dataclass(frozen=True, slots=True, eq=False)
class RawImage:
    """An image whose pixel format is stated, for `kilomark.Detector.predict`.

    Attributes:
        array: uint8, of numpy or on a GPU: (H, W) for gray, (H, W, C) for colors. For NV12, the
            surface of video decoders: (3 H / 2, W), the chroma under the luma, H and W even.
        format: the order of the channels; ``"nv12"`` has the colors of BT.601, as OpenCV takes
            it, ``"nv12_bt709"`` those of HD video, both of limited range. A CPU does not take NV12.
        chroma: of NV12 whose planes lie apart: (H / 2, W) or (H / 2, W / 2, 2); ``array`` is then
            the luma alone, (H, W).
    """

    array: npt.NDArray[Any] | GpuArray
    format: PixelFormat
    chroma: npt.NDArray[Any] | GpuArray | None = None

    def __post_init__(self) -> None:
        """Check all that needs no pixels.

        Raises:
            InvalidInputError: the format is unknown, or there is chroma without NV12.
        """
        formats = get_args(PixelFormat)
        if self.format not in formats:
            raise InvalidInputError(
                f"the format of a raw image is {excerpt(self.format)}; expected one of {formats}"
            )
        if self.chroma is not None and not self.format.startswith("nv12"):
            raise InvalidInputError(
                f"chroma for a raw image of format {excerpt(self.format)}; only NV12 has a plane "
                "of it"
            )


@dataclass(frozen=True, slots=True, eq=False)
class RawPixels:
    """The pixels of a `RawImage` or of an array on a GPU, borrowed, as the core takes them.

    The core waits for what is on the stream that an array comes with, through DLPack or
    ``__cuda_array_interface__``; where that names none (before its version 3), for what is on the
    default stream.
    """

    plane: PixelArray
    format: PixelFormat
    chroma: PixelArray | None = None

    @property
    def array(self) -> PixelArray | tuple[PixelArray, PixelArray]:
        """The array, or luma and chroma."""
        return self.plane if self.chroma is None else (self.plane, self.chroma)

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.plane.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        rows = int(self.plane.shape[0])
        return rows // 3 * 2 if self.format.startswith("nv12") and self.chroma is None else rows


def is_gpu_array(image: object) -> bool:
    """Whether ``image`` is an array on a GPU; it is not looked into."""
    if hasattr(image, "__cuda_array_interface__"):
        return True
    device = getattr(image, "__dlpack_device__", None)
    return device is not None and device()[0] in DLPACK_GPUS


def borrow_gpu_array(array: object, input_stream: int = 0) -> _core.CudaArray:
    """Borrow an array on a GPU through DLPack or ``__cuda_array_interface__``.

    Args:
        array: the array.
        input_stream: a CUDA stream, as a number, for DLPack producers; 0: the default stream.

    Raises:
        InvalidInputError: what it says of itself makes no sense.
    """
    try:
        borrowed = _core.CudaArray(array, input_stream)
    except (KilomarkError, MemoryError):
        raise
    except Exception as error:  # the object is somebody else's and may raise anything
        kind = cut_text(f"{type(array).__module__}.{type(array).__name__}")
        raise InvalidInputError(
            f"a {kind} says that it is an array on a GPU, but cannot be read as one: "
            f"{type(error).__name__}: {cut_text(str(error))}; expected uint8 data described by "
            "DLPack or __cuda_array_interface__ of version 2 or 3"
        ) from error
    if any(size < 0 for size in borrowed.shape):
        raise InvalidInputError(
            f"an array on a GPU of shape {excerpt(borrowed.shape)}; expected sizes of 0 and more"
        )
    return borrowed


def raw_to_pixels(image: RawImage, *, input_stream: int = 0) -> RawPixels:
    """Borrow the arrays of ``image``; see `kilomark.images.to_core_pixels`.

    Raises:
        InvalidInputError: they are not uint8, or not arrays at all.
    """
    chroma = None if image.chroma is None else _borrow(image.chroma, input_stream)
    return RawPixels(_borrow(image.array, input_stream), image.format, chroma)


def _borrow(array: object, input_stream: int) -> PixelArray:
    if isinstance(array, np.ndarray):
        if array.dtype != np.uint8:
            raise InvalidInputError(
                f"a raw image of dtype {cut_text(str(array.dtype))}; expected uint8"
            )
        return _check_rank(array)
    return _check_rank(borrow_gpu_array(array, input_stream))


def _check_rank(array: PixelArray) -> PixelArray:
    if len(array.shape) not in (2, 3):
        raise InvalidInputError(
            f"a raw image of shape {excerpt(array.shape)}; expected (H, W), (H, W, C) or, of NV12, "
            "(3 H / 2, W)"
        )
    return array
