"""Writing pictures, whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.whole_files import write_whole

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

__all__ = ["PICTURE_SUFFIXES", "write_picture"]

PICTURE_SUFFIXES: Sequence[str] = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
QUALITY = 92


def write_picture(picture: Image.Image, path: str | os.PathLike[str]) -> None:
    """Encode a picture in the format that the suffix of ``path`` names, and write it.

    The picture is encoded in memory first, so that an earlier file is untouched if this fails.

    Raises:
        InvalidInputError: the suffix is none of `PICTURE_SUFFIXES`, or the format cannot hold the
            picture.
        OSError: the disk is full or the folder cannot be written to.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in PICTURE_SUFFIXES:
        raise InvalidInputError(
            f"{path}: no picture of type {excerpt(suffix)} can be written; expected one of "
            f"{', '.join(PICTURE_SUFFIXES)}"
        )
    content = io.BytesIO()
    try:
        picture.save(content, format=Image.registered_extensions()[suffix], quality=QUALITY)
    except (OSError, ValueError) as error:
        raise InvalidInputError(
            f"{path}: a picture of {picture.width} x {picture.height} pixels, mode "
            f"{picture.mode}, cannot be written as {suffix[1:]}: {error}; try .png"
        ) from error
    write_whole(path, content.getvalue())
