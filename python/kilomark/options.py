"""Checks of the options that a person passes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

import numpy as np

from kilomark import _core
from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt

__all__ = [
    "DEFAULT_PRESENCE_THRESHOLD",
    "DEFAULT_SCORE_THRESHOLD",
    "PRECISIONS",
    "Precision",
    "check_fraction",
    "check_whole",
    "optional_path",
    "parse_whole_or_auto",
]

DEFAULT_SCORE_THRESHOLD = 0.5
"""The score is a probability, and this is within 0.001 of the best F1 on held-out photos."""
DEFAULT_PRESENCE_THRESHOLD = _core.BUNDLE_PRESENCE_THRESHOLD
"""Low, because the score holds the presence already; it drops clear non-faces."""

Precision = Literal["auto", "fp32", "bf16"]
PRECISIONS: tuple[str, ...] = get_args(Precision)
"""What networks may compute in on a CPU; see `kilomark.Detector`."""


def check_fraction(name: str, value: object) -> float:
    """Return ``value`` if it lies between 0 and 1; NaN does not.

    Raises:
        InvalidInputError: it does not, or is not a number.
    """
    if not isinstance(value, int | float | np.integer | np.floating) or not 0 <= value <= 1:
        raise InvalidInputError(f"{name} is {excerpt(value)}; expected a number from 0 to 1")
    return float(value)


def check_whole(name: str, value: object, *, at_most: int = 2**31 - 1, multiple_of: int = 1) -> int:
    """Return ``value`` if it is a whole number from 1 to ``at_most`` and a multiple as asked.

    Raises:
        InvalidInputError: it is not.
    """
    if (
        not isinstance(value, int | np.integer)
        or isinstance(value, bool)
        or not 1 <= value <= at_most
        or value % multiple_of
    ):
        step = "" if multiple_of == 1 else f" that is a multiple of {multiple_of}"
        raise InvalidInputError(
            f"{name} is {excerpt(value)}; expected a whole number from {multiple_of} to "
            f"{at_most}{step}"
        )
    return int(value)


def parse_whole_or_auto(text: str) -> int | Literal["auto"]:
    """Parse an option of a command that is a whole number or ``auto``.

    Raises:
        ValueError: it is neither.
    """
    return "auto" if text == "auto" else int(text)


def optional_path(path: str | Path | None) -> Path | None:
    """Return the path of an option that may be left out."""
    return None if path is None else Path(path)
