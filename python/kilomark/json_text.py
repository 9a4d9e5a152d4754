"""JSON without NaN: readers other than Python's refuse it."""

from __future__ import annotations

import json
import math

__all__ = ["to_json"]


def to_json(values: object) -> str:
    """Convert plain values to one line of JSON; a number that is not finite becomes null."""
    try:
        return json.dumps(values, allow_nan=False)
    except ValueError:
        return json.dumps(_without_nan(values), allow_nan=False)


def _without_nan(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_nan(item) for name, item in value.items()}
    return value
