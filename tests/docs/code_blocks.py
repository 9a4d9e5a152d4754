"""The Python blocks of a Markdown page, and what the page says they print."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Block", "read_blocks"]

_PARTS = re.compile(
    r"<!-- setup\n(?P<setup>.*?)-->"
    r"|<!-- needs (?P<needs>[\w ]+) -->"
    r"|^```(?P<language>\w*)[^\n]*\n(?P<body>.*?)^```",
    re.DOTALL | re.MULTILINE,
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Block:
    """Code, and the text that it must print, if the page shows it right after the code."""

    line: int
    code: str
    printed: str | None = None
    needs: str | None = None

    def prints(self, text: str) -> bool:
        """Whether ``text`` is what the page shows; numbers may differ by 2 %, as CPUs do."""
        if self.printed is None:
            return True
        if _NUMBER.sub("#", text.strip()) != _NUMBER.sub("#", self.printed.strip()):
            return False
        pairs = zip(_NUMBER.findall(text), _NUMBER.findall(self.printed), strict=True)
        return all(abs(float(a) - float(b)) <= 0.02 * abs(float(b)) + 1e-9 for a, b in pairs)


def read_blocks(page: Path) -> list[Block]:
    """Python blocks in order.

    ``<!-- setup ... -->`` holds code that readers do not see; ``<!-- needs WHAT -->`` stands before
    a setup or block that is compiled but not run where that is missing.
    """
    text = page.read_text(encoding="utf-8")
    blocks: list[Block] = []
    end_of_code = -1
    needs = None
    for found in _PARTS.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        if found["setup"] is not None:
            blocks.append(Block(line, found["setup"], needs=needs))
        elif found["needs"] is not None:
            needs = found["needs"]
        elif found["language"] == "python":
            blocks.append(Block(line, found["body"], needs=needs))
            end_of_code, needs = found.end(), None
        elif found["language"] == "text" and _follows(text, end_of_code, found.start()):
            last = blocks.pop()
            blocks.append(replace(last, printed=found["body"]))
    return blocks


def _follows(text: str, end_of_code: int, start: int) -> bool:
    return end_of_code >= 0 and not text[end_of_code:start].strip()
