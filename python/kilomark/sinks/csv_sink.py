"""Rows to CSV, one landmark coordinate a column."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from kilomark.sinks.plain_values import to_plain_values
from kilomark.sinks.sink import COLUMNS, NETWORK_COLUMNS
from kilomark.sinks.text_sink import TextSink

if TYPE_CHECKING:
    from kilomark.sinks.rows import FaceRow

__all__ = ["CsvSink"]


class CsvSink(TextSink):
    """Writes each row as a line of CSV, after a header; see `TextSink` for the arguments.

    The box is in ``box_x0``, ``box_y0``, ``box_x1``, ``box_y1``; the landmarks are in ``x_0`` to
    ``x_970``, then ``y_0`` to ``y_970``; the spread is in ``spread_0`` to ``spread_970``.
    Positions, angles and scores are rounded to 0.001. What a row does not have is empty.
    """

    def _start(self) -> None:
        self._writer = csv.writer(self._stream, lineterminator="\n")
        self._writer.writerow(self._header())

    def _header(self) -> list[str]:
        count = self._topology.num_landmarks
        parts = {
            "error": ["error", *self._extra],
            "box": ["box_x0", "box_y0", "box_x1", "box_y1"],
            "landmarks": [f"{axis}_{index}" for axis in "xy" for index in range(count)],
            "spread": [f"spread_{index}" for index in range(count)],
        }
        names = COLUMNS if self._provenance is not None else COLUMNS[: -len(NETWORK_COLUMNS)]
        return [part for name in names for part in parts.get(name, [name])]

    def _write_row(self, row: FaceRow) -> None:
        count = self._topology.num_landmarks
        cells: list[Any] = []
        for name, value in to_plain_values(row, self._extra, self._provenance).items():
            if name == "box":
                cells += value or [None] * 4
            elif name == "landmarks":
                pairs = value or [(None, None)] * count
                cells += [pair[0] for pair in pairs] + [pair[1] for pair in pairs]
            elif name == "spread":
                cells += value or [None] * count
            else:
                cells.append(value)
        self._writer.writerow(cells)
