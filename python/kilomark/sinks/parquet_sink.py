"""Rows to an Apache Parquet file."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.errors import DependencyError, InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.sinks.output_file import OutputFile
from kilomark.sinks.sink import NETWORK_COLUMNS, Sink, check_extra

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt
    import pyarrow as pa

    from kilomark.faces import Face
    from kilomark.provenance import Provenance
    from kilomark.sinks.rows import FaceRow
    from kilomark.topology import Topology

__all__ = ["ParquetSink", "import_parquet", "to_record_batch", "to_schema"]

ROWS_PER_GROUP = 1024
"""About 12 MB of landmarks and spread in memory before they are compressed."""


class ParquetSink(Sink):
    """Writes rows to a Parquet file, compressed with Zstandard.

    ``landmarks`` is a fixed-size list of 2 K float32 of Arrow's type ``fixed_shape_tensor`` with
    shape (K, 2), ``spread`` one of K, ``box`` one of 4. The names of the landmark groups are in
    the file's metadata under ``kilomark.topology``.

    Args:
        path: the file; an existing one is replaced when the sink is closed.
        topology: of the detector, `kilomark.Detector.topology`.
        provenance: of the detector; without it the columns about networks are null.
        extra: names and types of columns of your own, such as ``{"frame": int}``.
        rows_per_group: rows that are kept in memory before they are written.

    Raises:
        DependencyError: pyarrow is not installed.
        InvalidInputError: the file cannot be made.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        topology: Topology,
        provenance: Provenance | None = None,
        *,
        extra: Mapping[str, type] | None = None,
        rows_per_group: int = ROWS_PER_GROUP,
    ) -> None:
        parquet = import_parquet()
        self._schema = to_schema(topology, check_extra(extra))
        self._provenance = provenance
        self._rows_per_group = rows_per_group
        self._rows: list[FaceRow] = []
        self._file = OutputFile(path)
        self._writer = parquet.ParquetWriter(
            self._file.stream,
            self._schema,
            compression="zstd",
            use_dictionary=list(NETWORK_COLUMNS),
            use_byte_stream_split=["landmarks.list.element", "spread.list.element"],
        )

    def write(self, rows: Iterable[FaceRow]) -> None:
        """See `Sink.write`."""
        for row in rows:
            self._rows.append(row)
            self.num_rows += 1
            if len(self._rows) >= self._rows_per_group:
                self._flush()

    def close(self) -> None:
        """See `Sink.close`."""
        if self._writer is None:
            return
        try:
            self._flush()
            with self._file.errors():
                self._writer.close()
            self._writer = None
            self._file.finish()
        finally:
            self.abort()

    def abort(self) -> None:
        """See `Sink.abort`."""
        self._writer = None
        self._file.discard()

    def _flush(self) -> None:
        if self._rows:
            batch = to_record_batch(self._rows, self._schema, self._provenance)
            with self._file.errors():
                self._writer.write_batch(batch)
            self._rows = []


def to_schema(topology: Topology, extra: Mapping[str, type]) -> pa.Schema:
    """Make the Arrow schema of face rows; ``extra`` is as for `ParquetSink`."""
    import pyarrow as pa

    text = pa.string()
    kinds = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: text}
    fields = [
        pa.field("path", text, nullable=False),
        *[pa.field(name, pa.int32()) for name in ("width", "height", "face_index")],
        pa.field("error", text),
        *[pa.field(name, kinds[kind]) for name, kind in extra.items()],
        pa.field("box", pa.list_(pa.float32(), 4)),
        *[
            pa.field(name, pa.float32())
            for name in ("score", "presence", "yaw_deg", "pitch_deg", "roll_deg")
        ],
        pa.field("landmarks", pa.fixed_shape_tensor(pa.float32(), (topology.num_landmarks, 2))),
        pa.field("spread", pa.list_(pa.float32(), topology.num_landmarks)),
        *[pa.field(name, text) for name in NETWORK_COLUMNS],
    ]
    groups = [asdict(group) for group in topology.groups.values()]
    described = {"num_landmarks": topology.num_landmarks, "groups": groups}
    return pa.schema(fields, metadata={"kilomark.topology": json.dumps(described)})


def to_record_batch(
    rows: Sequence[FaceRow], schema: pa.Schema, provenance: Provenance | None
) -> pa.RecordBatch:
    """Convert rows to Arrow; ``schema`` is that of `to_schema`."""
    import pyarrow as pa

    faces = [row.face for row in rows]
    poses = [None if face is None else face.pose for face in faces]
    networks = {} if provenance is None else asdict(provenance)
    columns: dict[str, Any] = {
        **{
            name: [getattr(row, name) for row in rows]
            for name in ("path", "width", "height", "face_index", "error")
        },
        **{
            name: [None if face is None else getattr(face, name) for face in faces]
            for name in ("score", "presence")
        },
        **{
            name: [None if pose is None else getattr(pose, name) for pose in poses]
            for name in ("yaw_deg", "pitch_deg", "roll_deg")
        },
    }

    def to_array(field: pa.Field) -> pa.Array:
        if field.name in ("box", "landmarks", "spread"):
            return _to_lists(faces, field)
        if field.name in columns:
            return pa.array(columns[field.name], field.type)
        if field.name in networks:
            return pa.repeat(pa.scalar(networks[field.name], field.type), len(rows))
        values = [row.extra.get(field.name) for row in rows]
        try:
            return pa.array(values, field.type)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise InvalidInputError(
                f"a row's value of the extra column {excerpt(field.name)} does not fit: {error}"
            ) from error

    return pa.RecordBatch.from_arrays([to_array(field) for field in schema], schema=schema)


def _to_lists(faces: Sequence[Face | None], field: pa.Field) -> pa.Array:
    """Copy one array of each face into a fixed-size list; rows without a face become null."""
    import pyarrow as pa

    is_tensor = isinstance(field.type, pa.FixedShapeTensorType)
    storage = field.type.storage_type if is_tensor else field.type
    values: npt.NDArray[np.float32] = np.zeros((len(faces), storage.list_size), np.float32)
    for target, face in zip(values, faces, strict=True):
        if face is not None:
            target[:] = getattr(face, field.name).reshape(-1)
    mask = pa.array([face is None for face in faces])
    lists = pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), type=storage, mask=mask)
    return pa.ExtensionArray.from_storage(field.type, lists) if is_tensor else lists


def import_parquet() -> Any:  # noqa: ANN401  # a module
    """Import ``pyarrow.parquet``.

    Raises:
        DependencyError: pyarrow is not installed.
    """
    try:
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise DependencyError(
            "Parquet files need pyarrow: pip install 'kilomark[folder]'; or write JSON Lines "
            "(--format jsonl, or a file name that ends in .jsonl)"
        ) from error
    return parquet
