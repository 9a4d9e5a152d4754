"""What a run reads: photos, or row groups of Parquet files, on any file system of pyarrow."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyarrow import fs, parquet

from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.folder.photos import PHOTO_SUFFIXES
from kilomark.images import decode_photo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image

__all__ = ["Encoded", "Source", "open_location"]


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """An encoded photo and its path, or the file that it is to be read from."""

    path: str
    data: bytes | None = None
    file_system: Any = None

    def load(self) -> Image.Image:
        """Read and decode the photo.

        Raises:
            InvalidInputError: it cannot be read or is not an image.
        """
        data = self.data
        if data is None:
            try:
                with self.file_system.open_input_file(self.path) as file:
                    data = file.read()
            except OSError as error:
                raise InvalidInputError(f"{excerpt(self.path)} cannot be read: {error}") from error
        return decode_photo(data, repr(self.path))


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A folder of photos, or of Parquet files with a column of encoded photos.

    Its units are what chunks are made of: a photo, or a row group of a Parquet file.
    """

    location: str
    """A path, or a URI such as ``s3://bucket/photos``."""
    image_column: str | None = None
    """None for photos. A column of bytes, or of structs with ``bytes`` and ``path``."""
    path_column: str = "path"
    """The column that names the photos of a Parquet file, where there is one."""

    def find_units(self) -> list[str]:
        """List the units, sorted, relative to the location.

        Raises:
            InvalidInputError: the location cannot be listed.
        """
        file_system, root = open_location(self.location)
        suffixes = PHOTO_SUFFIXES if self.image_column is None else frozenset([".parquet"])
        try:
            found = file_system.get_file_info(fs.FileSelector(root, recursive=True))
        except OSError as error:
            raise InvalidInputError(f"{self.location} cannot be listed: {error}") from error
        names = sorted(
            name
            for item in found
            if item.type == fs.FileType.File
            and Path(item.base_name).suffix.lower() in suffixes
            and not _is_hidden(name := posixpath.relpath(item.path, root))
        )
        if self.image_column is None:
            return names
        return [
            f"{name}#{group}"
            for name in names
            for group in range(_open_parquet(file_system, root, name).num_row_groups)
        ]

    def read_units(self, units: list[str]) -> Iterator[Encoded]:
        """Yield the photos of units, in order; photos that are files are not read yet."""
        file_system, root = open_location(self.location)
        for unit in units:
            if self.image_column is None:
                yield Encoded(posixpath.join(root, unit), None, file_system)
                continue
            name, _, group = unit.rpartition("#")
            file = _open_parquet(file_system, root, name)
            yield from self._read_group(file, int(group), posixpath.join(root, unit))

    def _read_group(
        self, file: parquet.ParquetFile, group: int, unit_path: str
    ) -> Iterator[Encoded]:
        image_column = str(self.image_column)
        names = file.schema_arrow.names
        if image_column not in names:
            raise InvalidInputError(
                f"{unit_path} has no column {excerpt(image_column)}; it has {', '.join(names)}"
            )
        columns = [name for name in (image_column, self.path_column) if name in names]
        table = file.read_row_group(group, columns=columns)
        for row, values in enumerate(table.to_pylist()):
            image, path = values[image_column], values.get(self.path_column)
            if isinstance(image, dict):  # as Hugging Face's data sets have it
                path, image = path or image.get("path"), image.get("bytes")
            yield Encoded(str(path or f"{unit_path}#{row}"), image or b"")


def open_location(location: str) -> tuple[fs.FileSystem, str]:
    """Return the file system of a path or URI, and the path in it.

    Raises:
        InvalidInputError: pyarrow knows no such file system.
    """
    if "://" not in location:
        return fs.LocalFileSystem(), str(Path(location).absolute())
    try:
        file_system, path = fs.FileSystem.from_uri(location)
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"{location} cannot be opened: {error}") from error
    return file_system, path


def _open_parquet(file_system: fs.FileSystem, root: str, name: str) -> parquet.ParquetFile:
    path = posixpath.join(root, name)
    try:
        return parquet.ParquetFile(file_system.open_input_file(path))
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"{path} cannot be read as Parquet: {error}") from error


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "_")) for part in name.split("/"))
