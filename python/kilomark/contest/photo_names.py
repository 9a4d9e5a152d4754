"""Names of photos in a contest's files: they come from other people and stay inside the folder."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MOST_PHOTO_BYTES", "photo_path"]

MOST_PHOTO_BYTES = 1 << 30


def photo_path(images_dir: Path, file_name: str) -> Path:
    """Return where a photo lies.

    Args:
        images_dir: the folder of the photos.
        file_name: as ``landmarks.csv`` or ``test_points.csv`` gives it; it may name a subfolder.

    Raises:
        InvalidInputError: the name leads out of the folder, or no file can have it.
    """
    parts = PurePosixPath(file_name).parts
    is_inside = bool(parts) and not file_name.startswith("/") and ".." not in parts
    if not is_inside or "\0" in file_name or not _is_encodable(file_name):
        raise InvalidInputError(
            f"the photo name {excerpt(file_name)} leads out of {images_dir} or is not a file name; "
            "expected a name such as 0001.jpg"
        )
    return images_dir / file_name


def _is_encodable(name: str) -> bool:
    """Whether it is free of lone surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
