"""Images of a tar archive, decoded once into one memory-mapped file."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from kilomark.cache_folder import user_cache_folder
from kilomark.data.tar_files import read_tar
from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.whole_files import open_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kilomark.data.encoded_images import EncodedImages

__all__ = ["PackedImages", "decode_image", "read_packed_images", "rows_of"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class PackedImages:
    """Decoded RGB images of any size, back to back in one file that processes share.

    Attributes:
        folder: of the cache.
        names: file names without their extension, sorted.
        shapes: (N, 2) int64, height and width.
        offsets: (N,) int64, where each image begins in ``pixels``.
        pixels: flat uint8, memory-mapped.
    """

    folder: Path
    names: tuple[str, ...]
    shapes: np.ndarray[Any, Any]
    offsets: np.ndarray[Any, Any]
    pixels: np.ndarray[Any, Any]

    def __len__(self) -> int:
        return len(self.names)

    def __reduce__(self) -> tuple[Any, ...]:
        # A worker that is not forked maps the file itself instead of being sent gigabytes.
        return _map, (self.folder,)

    def __getitem__(self, index: int) -> np.ndarray[Any, Any]:
        """Image ``index`` as (H, W, 3) uint8 RGB, a view of the file."""
        height, width = self.shapes[index].tolist()
        begin = int(self.offsets[index])
        return self.pixels[begin : begin + height * width * 3].reshape(height, width, 3)


def rows_of(images: PackedImages | EncodedImages, names: Sequence[str]) -> np.ndarray[Any, Any]:
    """Row of each name in ``images``.

    Raises:
        InvalidInputError: a name that no archive held.
    """
    row_of_name = {name: row for row, name in enumerate(images.names)}
    missing = [name for name in names if name not in row_of_name]
    if missing:
        raise InvalidInputError(
            f"{len(missing)} labeled images are not in the archives (first: "
            f"{excerpt(missing[0])}); expected an image for every label: unpack the data set again"
        )
    return np.array([row_of_name[name] for name in names])


def read_packed_images(archives: Sequence[Path], cache_dir: Path | None = None) -> PackedImages:
    """Decode the images of tar ``archives``; the second call only maps the cache.

    The cache is keyed by the archives' names, sizes and modification times, so that a changed
    archive is decoded again.

    Raises:
        InvalidInputError: a missing archive, or an image in it that does not decode.
    """
    folder = (cache_dir or user_cache_folder()) / _cache_key(archives)
    if not (folder / "index.npz").exists():
        _write_cache(archives, folder)
    return _map(folder)


def _map(folder: Path) -> PackedImages:
    index = np.load(folder / "index.npz")
    # As a plain array: every slice of a numpy.memmap costs several microseconds more.
    pixels = np.asarray(np.memmap(folder / "pixels.bin", dtype=np.uint8, mode="r"))
    names = tuple(index["names"].tolist())
    return PackedImages(folder, names, index["shapes"], index["offsets"], pixels)


def _cache_key(archives: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in archives:
        if not path.is_file():
            raise InvalidInputError(f"no archive {path}; expected a tar file of JPEG images")
        status = path.stat()
        digest.update(f"{path.name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _write_cache(archives: Sequence[Path], folder: Path) -> None:
    log.info("decoding %s into %s", ", ".join(path.name for path in archives), folder)
    folder.mkdir(parents=True, exist_ok=True)
    entries: list[tuple[str, int, int, int]] = []  # name, offset, height, width
    with open_whole(folder / "pixels.bin") as out:
        for name, image in _decoded(archives):
            entries.append((name, out.tell(), *image.shape[:2]))
            out.write(image.tobytes())

    entries.sort()
    with open_whole(folder / "index.npz") as out:
        np.savez(
            out,
            names=np.array([name for name, *_ in entries]),
            offsets=np.array([offset for _, offset, *_ in entries], np.int64),
            shapes=np.array([shape for _, _, *shape in entries], np.int64),
        )


def decode_image(data: np.ndarray[Any, Any]) -> np.ndarray[Any, Any] | None:
    """Decode the (B,) uint8 bytes of a file to (H, W, 3) uint8 RGB; None if they are no image."""
    return cv2.imdecode(data, cv2.IMREAD_COLOR_RGB) if len(data) else None


def _decoded(archives: Sequence[Path]) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    for path in archives:
        for name, data in read_tar(path):
            image = decode_image(np.frombuffer(data, np.uint8))
            if image is None:
                raise InvalidInputError(
                    f"{name} in {path} does not decode; expected a JPEG or PNG image"
                )
            yield Path(name).stem, image
