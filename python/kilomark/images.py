"""Whatever a person passes as an image, as pixels that the C++ core takes.

The core takes uint8 pixels whose rows lie one after another; everything else is turned into that,
or refused, here. Arrays that already fit are passed on without a copy.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt
from PIL import Image

from kilomark.errors import InvalidInputError
from kilomark.excerpts import cut_text, excerpt
from kilomark.photo_files import (
    PhotoSource,
    decode_photo,
    is_photo_source,
    open_photo,
    reading,
    upright,
)
from kilomark.raw_images import (
    GpuArray,
    PixelFormat,
    RawImage,
    RawPixels,
    borrow_gpu_array,
    is_gpu_array,
    raw_to_pixels,
)

__all__ = [
    "ImageLike",
    "PixelFormat",
    "Pixels",
    "decode_photo",
    "open_photo",
    "to_core_pixels",
    "to_pixels",
]

log = logging.getLogger(__name__)

ImageLike: TypeAlias = npt.NDArray[Any] | PhotoSource | Image.Image | GpuArray | RawImage
"""A uint8 array as OpenCV gives it, here or on a GPU, a PIL image, or a photo: its path, its bytes
or a file that is open for reading bytes."""

ARRAY_FORMATS: dict[int, PixelFormat] = {1: "gray", 3: "bgr", 4: "bgra"}
PIL_FORMATS: dict[str, PixelFormat] = {"L": "gray", "RGB": "rgb", "RGBA": "rgba"}
EXPECTED = "expected a uint8 array (H, W, 3) BGR, (H, W) gray or (H, W, 4) BGRA"
PREMULTIPLIED_MODES = {"La": "LA", "RGBa": "RGBA"}
SAMPLE_BITS = (8, 10, 12, 14, 16)
DTYPE_REMEDIES = {
    "f": "if its values run from 0 to 1, pass (image * 255).astype(np.uint8)",
    "u": "if its values run from 0 to 65535, pass (image // 257).astype(np.uint8)",
    "b": "pass image.astype(np.uint8) * 255",
    "i": "if its values run from 0 to 255, pass image.astype(np.uint8)",
}


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """Pixels as the core takes them."""

    array: npt.NDArray[np.uint8]
    """(H, W) or (H, W, C); the pixels of a row lie side by side, rows any positive step apart."""
    format: PixelFormat

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.array.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.array.shape[0])


def to_pixels(image: ImageLike) -> Pixels:
    """Turn an image of any supported kind into pixels.

    Args:
        image: one of

            * a uint8 array (H, W, 3) BGR as OpenCV gives it, (H, W) or (H, W, 1) gray, or
              (H, W, 4) BGRA, any strides; an RGB array is passed as ``image[..., ::-1]``;
            * a photo: its path, its bytes, or a file that is open for reading bytes;
            * a PIL image.

            A photo or PIL image is turned upright as its EXIF orientation says; positions are those
            of the upright image. Alpha is ignored. Values of 16 bits are reduced to 8, from the
            smallest of 8, 10, 12, 14 and 16 bits that holds the largest value.

    Raises:
        InvalidInputError: it is none of these, is empty, or cannot be read.
        MemoryError: it does not fit into memory.
    """
    if isinstance(image, np.ndarray):
        return _array_to_pixels(image)
    if isinstance(image, Image.Image):
        return _pil_to_pixels(image, "the PIL image")
    if is_photo_source(image):
        shown = excerpt(os.fsdecode(image)) if isinstance(image, str | os.PathLike) else "the photo"
        return _pil_to_pixels(open_photo(cast("PhotoSource", image)), shown)
    if image is None:
        raise InvalidInputError(
            "an image is None, which cv2.imread and cv2.VideoCapture.read return where they fail; "
            "check that the file exists and can be read, or that the video has not ended"
        )
    raise InvalidInputError(
        f"an image cannot be a {type(image).__module__}.{type(image).__name__}; {EXPECTED}, "
        "a path, bytes, an open file or a PIL image" + _type_remedy(image)
    )


def to_core_pixels(image: ImageLike, *, input_stream: int = 0) -> Pixels | RawPixels:
    """Turn an image into what the core takes.

    Args:
        image: as for `to_pixels`; or an array in memory of a GPU, (H, W, 3) BGR, (H, W) gray or
            (H, W, 4) BGRA, for a detector on that GPU; or a `RawImage`, whose format is as it says.
        input_stream: the detector's CUDA stream, on which DLPack producers have their image ready;
            0 for the default stream.

    Raises:
        InvalidInputError: it is none of these, is empty, or cannot be read.
    """
    if isinstance(image, RawImage):
        return raw_to_pixels(image, input_stream=input_stream)
    if not isinstance(image, np.ndarray) and is_gpu_array(image):
        array = borrow_gpu_array(image, input_stream)
        channels = 1 if len(array.shape) == 2 else array.shape[-1]
        if len(array.shape) not in (2, 3) or channels not in ARRAY_FORMATS:
            raise InvalidInputError(
                f"an image array on a GPU of shape {excerpt(array.shape)}; {EXPECTED}; for another "
                "order of the channels, or for NV12, pass kilomark.RawImage(array, format)"
            )
        return RawPixels(array, ARRAY_FORMATS[channels])
    return to_pixels(image)


def _array_to_pixels(array: npt.NDArray[Any]) -> Pixels:
    if array.ndim not in (2, 3):
        raise InvalidInputError(
            f"an image array of rank {array.ndim}, shape {excerpt(array.shape)}; {EXPECTED}"
            + ("; pass a batch as a list: predict(list(images))" if array.ndim == 4 else "")
        )
    if array.dtype != np.uint8:
        remedy = DTYPE_REMEDIES.get(array.dtype.kind, "convert it to uint8")
        raise InvalidInputError(
            f"an image array of dtype {cut_text(str(array.dtype))}; {EXPECTED}; {remedy}"
        )
    if array.size == 0:
        raise InvalidInputError(f"an empty image array, shape {excerpt(array.shape)}; {EXPECTED}")
    channels = 1 if array.ndim == 2 else array.shape[2]
    if channels not in ARRAY_FORMATS:
        planar = array.shape[0] in ARRAY_FORMATS
        raise InvalidInputError(
            f"an image array of {channels} channels, shape {excerpt(array.shape)}; {EXPECTED}"
            + ("; pass np.moveaxis(image, 0, -1) if the channels come first" if planar else "")
        )
    return Pixels(_as_rows(array), ARRAY_FORMATS[channels])


def _as_rows(array: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Copy unless the pixels of a row lie side by side and rows follow one another."""
    pixel_bytes = 1 if array.ndim == 2 else array.shape[2]
    row_bytes = pixel_bytes * array.shape[1]
    side_by_side = array.strides[1:] == ((1,) if array.ndim == 2 else (pixel_bytes, 1))
    if side_by_side and array.strides[0] >= row_bytes:
        return array
    return np.array(array, order="C")  # np.ascontiguousarray keeps odd strides of axes of length 1


def _pil_to_pixels(image: Image.Image, shown: str) -> Pixels:
    if 0 in image.size:
        raise InvalidInputError(f"{shown} is empty, size {image.size}; expected at least 1 x 1")
    with reading(shown):
        image = upright(image)
        if image.mode.startswith("I"):
            return Pixels(_eight_bits(image, shown), "gray")
        if image.mode in PREMULTIPLIED_MODES:
            image = image.convert(PREMULTIPLIED_MODES[image.mode])
        if image.mode == "F":
            raise InvalidInputError(
                f"{shown} has mode 'F' (32-bit float), whose range of values is not known; "
                "scale it to 0..255 and convert it to mode 'L'"
            )
        if image.mode not in PIL_FORMATS:
            image = image.convert(_nearest_mode(image))
        return Pixels(np.asarray(image), PIL_FORMATS[image.mode])


def _nearest_mode(image: Image.Image) -> str:
    if image.mode in ("1", "LA"):
        return "L"
    return "RGBA" if image.has_transparency_data else "RGB"


def _eight_bits(image: Image.Image, shown: str) -> npt.NDArray[np.uint8]:
    """Reduce up to 16 bits to 8; Pillow's own conversion clips at 255 instead.

    Nothing says how many bits of the 16 a camera used, so the largest value decides.
    """
    values = np.asarray(image)
    lowest, highest = int(values.min()), int(values.max())
    if lowest < 0 or highest > 0xFFFF:
        raise InvalidInputError(
            f"{shown} has mode {excerpt(image.mode)} with values from {lowest} to {highest}; "
            "expected 16 bits, 0 to 65535"
        )
    bits = next(bits for bits in SAMPLE_BITS if highest < 1 << bits)
    if bits < 16:
        log.info("%s has mode %r; its values are taken for %d bits", shown, image.mode, bits)
    reduced: npt.NDArray[np.uint8] = (
        (values // ((2**bits - 1) // 255)).clip(0, 255).astype(np.uint8)
    )
    return reduced


def _type_remedy(image: object) -> str:
    if isinstance(image, list | tuple):
        return "; a list of images cannot hold lists"
    if isinstance(image, bool):
        return "; cv2.VideoCapture.read() returns whether it worked, and the frame: pass the frame"
    if "VideoCapture" in type(image).__name__:
        return "; pass its frames: is_read, frame = capture.read()"
    if hasattr(image, "__array__"):
        return "; convert it first: np.asarray(image)"
    return ""
