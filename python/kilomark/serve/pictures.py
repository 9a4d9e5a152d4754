"""JPEG pictures: of frames for the page, and from visitors' cameras."""

from __future__ import annotations

import io
import warnings

import numpy as np
import numpy.typing as npt
from PIL import Image

from kilomark.errors import InvalidInputError

__all__ = ["MOST_VISITOR_BYTES", "MOST_VISITOR_PX", "decode_jpeg", "encode_jpeg"]

MOST_VISITOR_BYTES = 1 << 20
"""Of a visitor's picture; 1280 x 720 px at usual quality have a fifth of that."""
MOST_VISITOR_PX = 1920
"""Longer side of a visitor's picture."""


def encode_jpeg(image: npt.NDArray[np.uint8], longest_px: int, quality: int) -> bytes:
    """Encode a frame (H, W, 3) BGR, scaled down to ``longest_px`` if it is larger."""
    picture = Image.fromarray(np.ascontiguousarray(image[..., ::-1]))
    scale = longest_px / max(picture.size)
    if scale < 1:
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        picture = picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=1.5)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def decode_jpeg(jpeg: bytes) -> npt.NDArray[np.uint8]:
    """Decode a visitor's picture to a frame (H, W, 3) BGR.

    The size is checked before any pixel is decoded.

    Raises:
        InvalidInputError: it is no JPEG picture, damaged or too large.
    """
    if len(jpeg) > MOST_VISITOR_BYTES:
        raise InvalidInputError(
            f"the picture has {len(jpeg):,} bytes; expected at most {MOST_VISITOR_BYTES:,}"
        )
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as picture:
            warnings.simplefilter("ignore")  # of odd metadata
            if max(picture.size) > MOST_VISITOR_PX:
                raise InvalidInputError(
                    f"the picture has {picture.width} x {picture.height} px; expected at most "
                    f"{MOST_VISITOR_PX} px a side"
                )
            rgb = np.asarray(picture.convert("RGB"))
    except InvalidInputError:
        raise
    except Exception as error:  # Pillow raises many kinds for damaged files
        raise InvalidInputError("the picture is not a whole JPEG picture") from error
    return np.ascontiguousarray(rgb[..., ::-1])
