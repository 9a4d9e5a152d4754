"""Images of tar archives, decoded each time: for data sets too large to keep decoded."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.data.packed_images import decode_image
from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["EncodedImages", "read_encoded_images"]


@dataclass(frozen=True, slots=True, eq=False)
class EncodedImages:
    """Images of archives that lie memory-mapped; the counterpart of ``PackedImages``.

    Attributes:
        names: file names without their extension, sorted.
        paths: of the archives.
        archives: their mapped bytes, flat uint8.
        places: (N, 3) int64, the archive of each image, where it begins there, and its bytes.
    """

    names: tuple[str, ...]
    paths: tuple[Path, ...]
    archives: tuple[np.ndarray[Any, Any], ...]
    places: np.ndarray[Any, Any]

    def __len__(self) -> int:
        return len(self.names)

    def __reduce__(self) -> tuple[Any, ...]:
        # A worker that is not forked maps the archives itself.
        return read_encoded_images, (self.paths,)

    def __getitem__(self, index: int) -> np.ndarray[Any, Any]:
        """Image ``index`` as (H, W, 3) uint8 RGB.

        Raises:
            InvalidInputError: it does not decode.
        """
        archive, begin, length = self.places[index].tolist()
        data = self.archives[archive][begin : begin + length]
        image = decode_image(data)
        if image is None:
            raise InvalidInputError(
                f"image {excerpt(self.names[index])} does not decode; expected a JPEG or PNG "
                "image: unpack the data set again"
            )
        return image


def read_encoded_images(archives: Sequence[Path]) -> EncodedImages:
    """Map tar ``archives`` and list the images in them; nothing is decoded.

    Raises:
        InvalidInputError: an archive that is missing or is not one.
    """
    entries = sorted(
        (Path(member.name).stem, number, member.offset_data, member.size)
        for number, path in enumerate(archives)
        for member in _members(path)
    )
    return EncodedImages(
        tuple(name for name, *_ in entries),
        tuple(archives),
        tuple(np.asarray(np.memmap(path, np.uint8, "r")) for path in archives),
        np.array([place for _, *place in entries], np.int64).reshape(-1, 3),
    )


def _members(path: Path) -> list[tarfile.TarInfo]:
    try:
        with tarfile.open(path, "r:") as tar:  # uncompressed: images are read in place
            return [member for member in tar if member.isfile()]
    except (OSError, tarfile.TarError) as error:
        raise InvalidInputError(
            f"{path} cannot be read ({error}); expected an uncompressed tar file of images"
        ) from error
