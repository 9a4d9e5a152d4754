"""Rows to JSON Lines: one JSON object a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

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
        self._stream.write(_to_json(values) + "\n")


def _to_json(values: dict[str, object]) -> str:
    try:
        return json.dumps(values, allow_nan=False)
    except ValueError:  # a coordinate that is not finite; JSON has no name for it
        return json.dumps(_without_nan(values), allow_nan=False)


def _without_nan(value: object) -> object:
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_nan(item) for name, item in value.items()}
    return value
