"""Coverage for code that is not instrumented: each kind of outcome counts as a branch.

The C++ extension of an installed kilomark has no coverage, so libFuzzer would keep no input and
mutate one byte. The messages of errors say which check an input reached.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

import atheris

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = 1024


def note_outcome(outcome: object) -> None:
    """Reach the branch of an outcome; numbers and quoted names in its text do not matter."""
    text = re.sub(r"'[^']*'|[0-9]+", "", str(outcome)[:500])
    _reach(zlib.crc32(text.encode(errors="replace")) % KINDS)


def _make_branches() -> Callable[[int], int]:
    """Return a function with a branch for each kind."""
    lines = ["def reach(kind):", *_halves(0, KINDS, " ")]
    made: dict[str, Callable[[int], int]] = {}
    exec("\n".join(lines), made)
    return atheris.instrument_func(made["reach"])


def _halves(low: int, high: int, indent: str) -> list[str]:
    if high - low == 1:
        return [f"{indent}return {low}"]
    middle = (low + high) // 2
    below, above = _halves(low, middle, indent + " "), _halves(middle, high, indent + " ")
    return [f"{indent}if kind < {middle}:", *below, f"{indent}else:", *above]


_reach = _make_branches()
