"""Sinks: rows of faces, streamed to Parquet, JSON Lines or CSV.

    from kilomark import Detector
    from kilomark.sinks import make_rows, open_sink

    detector = Detector("lite")
    with open_sink("faces.parquet", detector.topology, detector.provenance) as sink:
        for path, faces in zip(paths, detector.predict_many(paths)):
            sink.write(make_rows(path, faces))

The columns have the same names in all formats; the page "Large collections" lists them.
`ParquetSink` needs pyarrow, which the extra ``kilomark[folder]`` installs; the others need nothing.
"""

from __future__ import annotations

from kilomark.sinks.csv_sink import CsvSink
from kilomark.sinks.json_lines_sink import JsonLinesSink
from kilomark.sinks.opening import SINK_SUFFIXES, open_sink
from kilomark.sinks.parquet_sink import ParquetSink
from kilomark.sinks.rows import FaceRow, make_rows
from kilomark.sinks.sink import Sink

__all__ = [
    "SINK_SUFFIXES",
    "CsvSink",
    "FaceRow",
    "JsonLinesSink",
    "ParquetSink",
    "Sink",
    "make_rows",
    "open_sink",
]
