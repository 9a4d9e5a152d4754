"""Values in error messages, cut to a length that a person reads."""

from __future__ import annotations

__all__ = ["LONGEST_EXCERPT", "excerpt"]

LONGEST_EXCERPT = 80


def excerpt(value: object, *, longest: int = LONGEST_EXCERPT) -> str:
    """Return the `repr` of a value, cut after ``longest`` characters.

    Long strings, bytes and lists are cut first, so that no long text is made of them.
    """
    if isinstance(value, str | bytes | bytearray | list | tuple) and len(value) > longest:
        return f"{value[:longest]!r}"[:longest] + f" ... ({len(value)} long)"
    if isinstance(value, int) and abs(value) >= 10**longest:
        return f"a whole number of more than {longest} digits"
    shown = repr(value)
    return shown if len(shown) <= longest else shown[:longest] + " ..."
