"""The stretch of a video that is processed."""

from __future__ import annotations

from dataclasses import dataclass

from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt

__all__ = ["Span", "check_span"]


@dataclass(frozen=True, slots=True)
class Span:
    """The frames of a source that are processed."""

    start: float
    """In seconds."""
    end: float | None
    """In seconds; None for the end of the source."""
    every: int
    """1 for all frames, 2 for every other one."""


def check_span(start: float, end: float | None, every: object) -> Span:
    """Make a span of options.

    Raises:
        InvalidInputError: an option is out of its range.
    """
    if not 0 <= start < float("inf"):
        raise InvalidInputError(f"the start is {excerpt(start)}; expected seconds, 0 or more")
    if end is not None and not start < end:
        raise InvalidInputError(
            f"the end is {excerpt(end)}; expected seconds after the start, {start:g}"
        )
    if isinstance(every, bool) or not isinstance(every, int) or every < 1:
        raise InvalidInputError(f"every is {excerpt(every)}; expected a whole number, 1 or more")
    return Span(start, end, every)
