"""The output folder of a run on any file system of pyarrow.

It has the layout of `kilomark.folder`: chunks, and ``_kilomark`` with what the run is of. A chunk
appears when it is whole, since it is renamed or, on an object store, exists only once uploaded.
"""

from __future__ import annotations

import json
import posixpath
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyarrow import fs

from kilomark.errors import InvalidInputError
from kilomark.folder.chunks import Chunk, chunk_name, finished_chunks
from kilomark.folder.photos import Shard
from kilomark.folder.state import check_same_run, merge_names
from kilomark.ray.sources import open_location
from kilomark.sinks import ParquetSink

if TYPE_CHECKING:
    from collections.abc import Callable

    from kilomark.detector import Detector

__all__ = ["Output"]

OBJECT_STORES = frozenset(["abfs", "gcs", "s3"])
SUFFIX = "parquet"


@dataclass(frozen=True, slots=True)
class Output:
    """The folder that a run writes to: a path, or a URI such as ``s3://bucket/faces``."""

    location: str

    def finished(self) -> list[Chunk]:
        """Return the chunks that are there."""
        file_system, root = open_location(self.location)
        selector = fs.FileSelector(root, allow_not_found=True)
        names = (item.base_name for item in file_system.get_file_info(selector))
        return finished_chunks(names, Shard(), SUFFIX)

    def check_settings(self, settings: dict[str, Any]) -> None:
        """Record what the run is of, or check that it is what was recorded.

        Raises:
            InvalidInputError: the output is of another run.
        """
        recorded = self._read("run.json")
        if recorded is None:
            self._write("run.json", json.dumps(settings, indent=2) + "\n")
        else:
            check_same_run(json.loads(recorded), settings, self.location)

    def merge_units(self, found: list[str]) -> list[str]:
        """Return the units of the run: those it had, in their order, then new ones."""
        text = self._read("photos.jsonl") or ""
        known = [json.loads(line) for line in text.splitlines()]
        merged = merge_names(known, found)
        if len(merged) > len(known):
            self._write("photos.jsonl", "".join(json.dumps(name) + "\n" for name in merged))
        return merged

    def write_chunk(
        self, chunk: Chunk, detector: Detector, fill: Callable[[ParquetSink], None]
    ) -> None:
        """Write a chunk; ``fill`` writes its rows."""
        file_system, root = open_location(self.location)
        name = chunk_name(chunk, Shard(), SUFFIX)
        if isinstance(file_system, fs.LocalFileSystem):
            with ParquetSink(Path(root) / name, detector.topology, detector.provenance) as sink:
                fill(sink)
            return
        with tempfile.TemporaryDirectory(prefix="kilomark-") as folder:
            path = Path(folder) / name
            with ParquetSink(path, detector.topology, detector.provenance) as sink:
                fill(sink)
            _upload(file_system, path.read_bytes(), posixpath.join(root, name))

    def _read(self, name: str) -> str | None:
        file_system, root = open_location(self.location)
        path = posixpath.join(root, "_kilomark", name)
        if file_system.get_file_info(path).type == fs.FileType.NotFound:
            return None
        with file_system.open_input_file(path) as file:
            data: bytes = file.read()
        return data.decode()

    def _write(self, name: str, text: str) -> None:
        file_system, root = open_location(self.location)
        folder = posixpath.join(root, "_kilomark")
        try:
            file_system.create_dir(folder, recursive=True)
            _upload(file_system, text.encode(), posixpath.join(folder, name))
        except OSError as error:
            raise InvalidInputError(f"{self.location} cannot be written: {error}") from error


def _upload(file_system: fs.FileSystem, data: bytes, path: str) -> None:
    """Write a file that appears when it is whole."""
    is_object_store = file_system.type_name in OBJECT_STORES
    folder, name = posixpath.split(path)
    aside = path if is_object_store else posixpath.join(folder, f".{name}.tmp")
    with file_system.open_output_stream(aside) as stream:
        stream.write(data)
    if not is_object_store:
        file_system.move(aside, path)
