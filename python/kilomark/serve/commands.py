"""What a page may ask for: short JSON texts, checked field by field."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "MOST_SMOOTHING",
    "MOST_TEXT_CHARACTERS",
    "Acknowledge",
    "Change",
    "Command",
    "Ping",
    "Watch",
    "parse_command",
]

MOST_TEXT_CHARACTERS = 1000
MOST_SMOOTHING = 10.0


@dataclass(frozen=True, slots=True)
class Watch:
    """Show another source: its id, or ``visitor`` for the visitor's own camera."""

    source: str


@dataclass(frozen=True, slots=True)
class Change:
    """Follow the faces of the shown source with another network or smoothing; None: as it is."""

    model: str | None = None
    smoothing: float | None = None


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """A picture was drawn; the next one may come."""


@dataclass(frozen=True, slots=True)
class Ping:
    """Answer with the server's clock."""

    time: float
    """Of the page's clock; the answer carries it."""


Command: TypeAlias = Watch | Change | Acknowledge | Ping


def parse_command(text: str) -> Command:
    """Read a text message of a page.

    Raises:
        InvalidInputError: it is none of the commands.
    """
    if len(text) > MOST_TEXT_CHARACTERS:
        raise InvalidInputError(
            f"the message has {len(text)} characters; expected at most {MOST_TEXT_CHARACTERS}"
        )
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("the message is not JSON") from error
    if not isinstance(found, dict):
        raise InvalidInputError("the message is not a JSON object")
    kind = found.get("type")
    if kind == "ack":
        return Acknowledge()
    if kind == "watch":
        return Watch(_text(found, "source"))
    if kind == "ping":
        return Ping(_number(found, "time", -1e15, 1e15))
    if kind == "change":
        return Change(
            _text(found, "model") if "model" in found else None,
            _number(found, "smoothing", 0.0, MOST_SMOOTHING) if "smoothing" in found else None,
        )
    raise InvalidInputError("the message's type is not one of ack, change, ping, watch")


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str):
        raise InvalidInputError(f"{name} is not a text")
    return value


def _number(found: Mapping[str, Any], name: str, least: float, most: float) -> float:
    value = found.get(name)
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not least <= value <= most  # false for NaN
    ):
        raise InvalidInputError(f"{name} is not a number from {least:g} to {most:g}")
    return float(value)
