"""Rows to JSON Lines: one JSON object a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kilomark.json_text import to_json
from kilomark.sinks.plain_values import to_plain_values
from kilomark.sinks.text_sink import TextSink

if TYPE_CHECKING:
    from kilomark.sinks.rows import FaceRow

__all__ = ["JsonLinesSink"]


class JsonLinesSink(TextSink):
    """Writes each row as a JSON object on a line of its own; see `TextSink` for the arguments.

    ``landmarks`` is a list of K pairs. Positions, angles and scores are rounded to 0.001. What a
    row does not have is null.
    """

    def _write_row(self, row: FaceRow) -> None:
        values = to_plain_values(row, self._extra, self._provenance)
        self._stream.write(to_json(values) + "\n")
