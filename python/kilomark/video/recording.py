"""A recording that appears under its name when it is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kilomark.errors import InvalidInputError
from kilomark.video.writer import PartWriter, check_output_suffix

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

__all__ = ["Recording"]


class Recording:
    """Encodes frames to a file.

    Args:
        path: an .mp4 file.

    Raises:
        InvalidInputError: there is no such folder.
    """

    def __init__(self, path: Path) -> None:
        if not path.parent.is_dir():
            raise InvalidInputError(f"{path} cannot be written: there is no folder {path.parent}")
        self._path = path
        self._unfinished = path.with_name(f".{path.name}.unfinished")
        self._writer = PartWriter(self._unfinished, check_output_suffix(path), None, shown=path)

    def add(self, image: npt.NDArray[np.uint8], time_seconds: float) -> None:
        """Encode a frame (H, W, 3) BGR.

        Raises:
            InvalidInputError: the file cannot be written.
        """
        self._writer.add(image, time_seconds)

    def close(self) -> Path:
        """Finish the file and return it.

        Raises:
            InvalidInputError: the file cannot be written.
        """
        self._writer.close()
        try:
            self._unfinished.replace(self._path)
        except OSError as error:
            raise InvalidInputError(f"{self._path} cannot be written: {error.strerror}") from error
        return self._path
