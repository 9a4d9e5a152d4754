"""How long the sentences of Markdown pages are."""

from __future__ import annotations

import re

__all__ = ["sentence_lengths"]

NO_PROSE = re.compile(r"```.*?```|<!--.*?-->|\A---\n.*?\n---\n", re.DOTALL)
NO_PROSE_LINE = re.compile(r"\||#|!\[|<|:::|!!!|\[!\[")
LIST_MARK = re.compile(r"([-*]|\d+\.) ")
SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+(?=[A-Z`\"(\[*])|(?<=[.!?])$")
FEWEST_WORDS = 3
"""Shorter ones are labels."""


def sentence_lengths(markdown: str) -> list[int]:
    """Return the words of each sentence; not of tables, headings, code and lists of links."""
    lengths: list[int] = []
    for paragraph in _paragraphs(NO_PROSE.sub("", markdown)):
        plain = re.sub(r"\]\([^)]*\)", "]", re.sub(r"`[^`]*`", "Code", paragraph))
        for sentence in SENTENCE_END.split(plain):
            words = [word for word in sentence.split() if re.search(r"\w", word)]
            if len(words) >= FEWEST_WORDS:
                lengths.append(len(words))
    return lengths


def _paragraphs(text: str) -> list[str]:
    paragraphs: list[list[str]] = [[]]
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped or NO_PROSE_LINE.match(stripped):
            paragraphs.append([])
        elif LIST_MARK.match(stripped):
            paragraphs.append([LIST_MARK.sub("", stripped, count=1)])
        else:
            paragraphs[-1].append(stripped)
    return [" ".join(lines) for lines in paragraphs if lines]
