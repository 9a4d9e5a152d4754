"""Reading typed fields out of parsed JSON, with errors that name the file and the field."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
import numpy.typing as npt

from kilomark.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Fields"]

LONGEST_EXCERPT = 60


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object, the file that it comes from, and where in that file it stands."""

    values: dict[str, Any]
    path: Path
    prefix: str = ""

    def error(self, key: str, found: object, expected: str) -> BundleError:
        """Make, but do not raise, the error for a field whose value ``found`` is not right."""
        excerpt = repr(found)
        if len(excerpt) > LONGEST_EXCERPT:
            excerpt = excerpt[:LONGEST_EXCERPT] + " ..."
        return self._error(key, f"is {excerpt}", expected)

    def has(self, key: str) -> bool:
        """Whether the field is there and not null."""
        return self.values.get(key) is not None

    def text(self, key: str) -> str:
        """Return a string."""
        value = self._get(key, "a string")
        if not isinstance(value, str):
            raise self.error(key, value, "a string")
        return value

    def one_of(self, key: str, choices: Sequence[str]) -> str:
        """Return a string out of ``choices``."""
        expected = "one of " + ", ".join(choices)
        value = self._get(key, expected)
        if value not in choices:
            raise self.error(key, value, expected)
        return str(value)

    def texts(self, key: str) -> list[str]:
        """Return a list of strings."""
        values = self._list(key, "a list of strings")
        if not all(isinstance(value, str) for value in values):
            raise self.error(key, values, "a list of strings")
        return values

    def integer(self, key: str, *, at_least: int = 0, at_most: int = 2**31 - 1) -> int:
        """Return a whole number within bounds, both included."""
        expected = f"a whole number from {at_least} to {at_most}"
        value = self._get(key, expected)
        if not _is_integer(value, at_least, at_most):
            raise self.error(key, value, expected)
        return value

    def integers(
        self, key: str, *, count: int | None = None, at_least: int = 0, at_most: int
    ) -> list[int]:
        """Return a list of whole numbers within bounds, ``count`` of them if that is given."""
        expected = f"{_counted(count)} whole numbers from {at_least} to {at_most}"
        values = self._list(key, expected, count)
        for value in values:
            if not _is_integer(value, at_least, at_most):
                raise self._error(key, f"holds {value!r}", expected)
        return values

    def number(self, key: str, *, above: float = -math.inf) -> float:
        """Return a finite number greater than ``above``."""
        expected = "a finite number" + ("" if above == -math.inf else f" above {above:g}")
        value = self._get(key, expected)
        if not _is_number(value, above):
            raise self.error(key, value, expected)
        return float(value)

    def numbers(self, key: str, *, count: int, above: float = -math.inf) -> list[float]:
        """Return a list of ``count`` finite numbers greater than ``above``."""
        bound = "" if above == -math.inf else f" above {above:g}"
        expected = f"{count} finite numbers{bound}"
        values = self._list(key, expected, count)
        if not all(_is_number(value, above) for value in values):
            raise self.error(key, values, expected)
        return [float(value) for value in values]

    def boolean_or_null(self, key: str) -> bool | None:
        """Return true, false or, for null, None."""
        value = self._get(key, "true, false or null")
        if value is None or isinstance(value, bool):
            return value
        raise self.error(key, value, "true, false or null")

    def section(self, key: str) -> Fields:
        """Return an object inside this one."""
        value = self._get(key, "an object")
        if not isinstance(value, dict):
            raise self.error(key, value, "an object")
        return Fields(value, self.path, f"{self.prefix}{key}.")

    def sections(self, key: str) -> list[Fields]:
        """Return a list of objects inside this one."""
        values = self._list(key, "a list of objects")
        for value in values:
            if not isinstance(value, dict):
                raise self.error(key, value, "a list of objects")
        return [
            Fields(value, self.path, f"{self.prefix}{key}[{index}].")
            for index, value in enumerate(values)
        ]

    def optional_table(
        self, key: str, *, rows: int, columns: int
    ) -> npt.NDArray[np.float64] | None:
        """Return a read-only (rows, columns) array of finite numbers, or None for null."""
        if not self.has(key):
            return None
        expected = f"{rows} rows of {columns} finite numbers, or null"
        values = self._list(key, expected, rows)
        for index, row in enumerate(values):
            if not isinstance(row, list) or len(row) != columns:
                raise self._error(f"{key}[{index}]", "is not such a row", expected)
            if not all(_is_number(value, -math.inf) for value in row):
                raise self._error(f"{key}[{index}]", f"is {row!r}", expected)
        table = np.array(values, np.float64)
        table.setflags(write=False)
        return table

    def _get(self, key: str, expected: str) -> object:
        if key not in self.values:
            raise self._error(key, "is missing", expected)
        return self.values[key]

    def _list(self, key: str, expected: str, count: int | None = None) -> list[Any]:
        value = self._get(key, expected)
        if not isinstance(value, list):
            raise self.error(key, value, expected)
        if count is not None and len(value) != count:
            raise self._error(key, f"holds {len(value)} values", expected)
        return value

    def _error(self, key: str, what: str, expected: str) -> BundleError:
        return BundleError(f"{self.path}: {self.prefix}{key} {what}; expected {expected}")


def _counted(count: int | None) -> str:
    return "a list of" if count is None else str(count)


def _is_integer(value: object, at_least: int, at_most: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and at_least <= value <= at_most


def _is_number(value: object, above: float) -> TypeGuard[float]:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value) and value > above
    except OverflowError:  # a whole number too large for a float
        return False
