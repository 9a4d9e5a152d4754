"""Whatever a person passes as an image, as pixels that the C++ core takes.

The core takes uint8 pixels whose rows lie one after another; everything else is turned into that,
or refused, here. Arrays that already fit are passed on without a copy.
"""

from __future__ import annotations

import io
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from kilomark import _core
from kilomark.errors import InvalidInputError, KilomarkError
from kilomark.raw_images import (
    GpuArray,
    PixelFormat,
    RawImage,
    RawPixels,
    is_gpu_array,
    raw_to_pixels,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "ImageLike",
    "PixelFormat",
    "Pixels",
    "decode_photo",
    "open_photo",
    "to_core_pixels",
    "to_pixels",
]

ImageLike: TypeAlias = npt.NDArray[Any] | str | os.PathLike[str] | Image.Image | GpuArray | RawImage
"""A uint8 array as OpenCV gives it, here or on a GPU, the path of a photo, or a PIL image."""

ARRAY_FORMATS: dict[int, PixelFormat] = {1: "gray", 3: "bgr", 4: "bgra"}
PIL_FORMATS: dict[str, PixelFormat] = {"L": "gray", "RGB": "rgb", "RGBA": "rgba"}
EXPECTED = "expected a uint8 array (H, W, 3) BGR, (H, W) gray or (H, W, 4) BGRA"
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
            * the path of a photo, which is turned upright as its EXIF orientation says, so that
              positions are those of the upright photo;
            * a PIL image, taken as it stands.

            Alpha is ignored. Of 16 bits the upper 8 are used.

    Raises:
        InvalidInputError: it is none of these, is empty, or cannot be read.
    """
    if isinstance(image, np.ndarray):
        return _array_to_pixels(image)
    if isinstance(image, Image.Image):
        return _pil_to_pixels(image, "the PIL image")
    if isinstance(image, str | os.PathLike):
        return _pil_to_pixels(open_photo(image), repr(os.fsdecode(image)))
    raise InvalidInputError(
        f"an image cannot be a {type(image).__module__}.{type(image).__name__}; {EXPECTED}, "
        "a path or a PIL image" + _type_remedy(image)
    )


def to_core_pixels(image: ImageLike) -> Pixels | RawPixels:
    """Turn an image into what the core takes.

    Args:
        image: as for `to_pixels`; or an array in memory of a GPU, (H, W, 3) BGR, (H, W) gray or
            (H, W, 4) BGRA, for a detector on that GPU; or a `RawImage`, whose format is as it says.

    Raises:
        InvalidInputError: it is none of these, is empty, or cannot be read.
    """
    if isinstance(image, RawImage):
        return raw_to_pixels(image)
    if not isinstance(image, np.ndarray) and is_gpu_array(image):
        array = _core.CudaArray(image)
        channels = 1 if len(array.shape) == 2 else array.shape[-1]
        if len(array.shape) not in (2, 3) or channels not in ARRAY_FORMATS:
            raise InvalidInputError(
                f"an image array on a GPU of shape {array.shape}; {EXPECTED}; for another order of "
                "the channels, or for NV12, pass kilomark.RawImage(array, format)"
            )
        return RawPixels(array, ARRAY_FORMATS[channels])
    return to_pixels(image)


def open_photo(path: str | os.PathLike[str]) -> Image.Image:
    """Read the photo at ``path`` and turn it upright as its EXIF orientation says.

    Raises:
        InvalidInputError: there is no such file, or it is not an image, truncated or too large.
    """
    shown = repr(os.fsdecode(path))
    with _reading(shown), Image.open(path) as photo:
        photo.load()
        return ImageOps.exif_transpose(photo)


def decode_photo(data: bytes, shown: str) -> Image.Image:
    """Decode the bytes of a photo and turn it upright as its EXIF orientation says.

    Args:
        data: the content of a JPEG, PNG or the like.
        shown: what errors call it.

    Raises:
        InvalidInputError: it is not an image, truncated or too large.
    """
    with _reading(shown), Image.open(io.BytesIO(data)) as photo:
        photo.load()
        return ImageOps.exif_transpose(photo)


@contextmanager
def _reading(shown: str) -> Iterator[None]:
    """Translate what Pillow raises while it reads the image called ``shown``."""
    try:
        yield
    except KilomarkError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InvalidInputError(
            f"{shown} is too large to be read safely: {error}; reduce it, or raise "
            "PIL.Image.MAX_IMAGE_PIXELS if you trust it"
        ) from error
    except UnidentifiedImageError as error:
        raise InvalidInputError(
            f"{shown} is not an image that Pillow can read; expected JPEG, PNG, WebP or the like"
        ) from error
    except OSError as error:
        reason = error.strerror or error
        raise InvalidInputError(f"{shown} cannot be read as an image: {reason}") from error
    except Exception as error:  # on damaged files, decoders raise whatever they stumble over
        raise InvalidInputError(
            f"{shown} is a damaged image: {type(error).__name__}: {error}"
        ) from error


def _array_to_pixels(array: npt.NDArray[Any]) -> Pixels:
    if array.ndim not in (2, 3):
        raise InvalidInputError(
            f"an image array of rank {array.ndim}, shape {array.shape}; {EXPECTED}"
            + ("; pass a batch as a list: predict(list(images))" if array.ndim == 4 else "")
        )
    if array.dtype != np.uint8:
        remedy = DTYPE_REMEDIES.get(array.dtype.kind, "convert it to uint8")
        raise InvalidInputError(f"an image array of dtype {array.dtype}; {EXPECTED}; {remedy}")
    if array.size == 0:
        raise InvalidInputError(f"an empty image array, shape {array.shape}; {EXPECTED}")
    channels = 1 if array.ndim == 2 else array.shape[2]
    if channels not in ARRAY_FORMATS:
        planar = array.shape[0] in ARRAY_FORMATS
        raise InvalidInputError(
            f"an image array of {channels} channels, shape {array.shape}; {EXPECTED}"
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
    with _reading(shown):
        if image.mode.startswith("I"):
            return Pixels(_upper_bytes(image, shown), "gray")
        if image.mode == "F":
            raise InvalidInputError(
                f"{shown} has mode 'F' (32-bit float), whose range of values is not known; "
                "scale it to 0..255 and convert it to mode 'L'"
            )
        if image.mode not in PIL_FORMATS:
            image = image.convert(_nearest_mode(image))
        return Pixels(np.asarray(image), PIL_FORMATS[image.mode])


def _nearest_mode(image: Image.Image) -> str:
    if image.mode in ("1", "LA", "La"):
        return "L"
    return "RGBA" if image.has_transparency_data else "RGB"


def _upper_bytes(image: Image.Image, shown: str) -> npt.NDArray[np.uint8]:
    """The upper 8 of 16 bits; Pillow's own conversion clips at 255 instead."""
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 0xFFFF:
        raise InvalidInputError(
            f"{shown} has mode {image.mode!r} with values from {values.min()} to {values.max()}; "
            "expected 16 bits, 0 to 65535"
        )
    upper: npt.NDArray[np.uint8] = (values // 257).astype(np.uint8)
    return upper


def _type_remedy(image: object) -> str:
    if isinstance(image, list | tuple):
        return "; a list of images cannot hold lists"
    if hasattr(image, "__array__"):
        return "; convert it first: np.asarray(image)"
    if hasattr(image, "read"):
        return "; open it first: PIL.Image.open(file)"
    return ""
