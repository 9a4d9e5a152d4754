"""Protocol buffers in their text format, written without the protobuf package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

__all__ = ["Message", "Symbol", "to_pbtxt"]


class Symbol(str):
    """The name of an enumerator, which is written without quotes."""

    __slots__ = ()


Message: TypeAlias = Mapping[str, Any]
"""Fields by name: text, `Symbol`, number, boolean, message, or a list of one of these."""


def to_pbtxt(message: Message, indent: str = "") -> str:
    """Convert a message to text; a list is a repeated field."""
    lines = []
    for name, value in message.items():
        for item in value if isinstance(value, list | tuple) else [value]:
            if isinstance(item, Mapping):
                lines.append(f"{indent}{name} {{\n{to_pbtxt(item, indent + '  ')}{indent}}}\n")
            else:
                lines.append(f"{indent}{name}: {_scalar(item)}\n")
    return "".join(lines)


def _scalar(value: object) -> str:
    if isinstance(value, Symbol):
        return value
    return json.dumps(value)  # its strings, numbers and booleans are those of the text format
