"""Values in error messages, cut to a length that a person reads."""

from __future__ import annotations

from itertools import islice

__all__ = ["LONGEST_EXCERPT", "cut_text", "excerpt"]

LONGEST_EXCERPT = 80


def excerpt(value: object, *, longest: int = LONGEST_EXCERPT) -> str:
    """Return the `repr` of a value, cut after ``longest`` characters.

    Long strings, bytes, lists and dictionaries are cut first, so that no long text is made of them.
    """
    if isinstance(value, str | bytes | bytearray | list | tuple) and len(value) > longest:
        return f"{_repr(value[:longest])[:longest]} ... ({len(value)} long)"
    if isinstance(value, dict) and len(value) > longest:
        return f"{_repr(dict(islice(value.items(), longest)))[:longest]} ... ({len(value)} long)"
    if isinstance(value, int) and abs(value) >= 10**longest:
        return f"a whole number of more than {longest} digits"
    return cut_text(_repr(value), longest=longest)


def cut_text(text: str, *, longest: int = 200) -> str:
    """Return a text, such as the message of another library's error, cut but not quoted."""
    return text if len(text) <= longest else text[:longest] + " ..."


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:  # of somebody else's class, or nested too deep
        return f"a {cut_text(type(value).__name__)} whose repr raises {type(error).__name__}"
