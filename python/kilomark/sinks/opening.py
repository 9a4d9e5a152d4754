"""The sink for a file, chosen by the suffix of its name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.sinks.csv_sink import CsvSink
from kilomark.sinks.json_lines_sink import JsonLinesSink
from kilomark.sinks.parquet_sink import ParquetSink

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from kilomark.provenance import Provenance
    from kilomark.sinks.sink import Sink
    from kilomark.topology import Topology

__all__ = ["SINK_SUFFIXES", "open_sink"]

SINK_SUFFIXES: dict[str, type[ParquetSink | JsonLinesSink | CsvSink]] = {
    ".parquet": ParquetSink,
    ".jsonl": JsonLinesSink,
    ".csv": CsvSink,
}
"""The formats by the suffix of the file's name."""


def open_sink(
    path: str | os.PathLike[str],
    topology: Topology,
    provenance: Provenance | None = None,
    *,
    extra: Mapping[str, type] | None = None,
) -> Sink:
    """Open the sink that the suffix of ``path`` names: .parquet, .jsonl or .csv.

    Args:
        path: the file to write.
        topology: of the detector, `kilomark.Detector.topology`.
        provenance: of the detector, `kilomark.Detector.provenance`.
        extra: names and types of columns of your own, such as ``{"frame": int}``.

    Raises:
        DependencyError: the suffix is .parquet and pyarrow is not installed.
        InvalidInputError: the suffix is none of these, or the file cannot be made.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SINK_SUFFIXES:
        raise InvalidInputError(
            f"{path}: no sink for the suffix {excerpt(suffix)}; expected {', '.join(SINK_SUFFIXES)}"
        )
    return SINK_SUFFIXES[suffix](path, topology, provenance, extra=extra)
