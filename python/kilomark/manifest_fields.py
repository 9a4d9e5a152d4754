"""Reading typed fields out of parsed JSON, with errors that name the file and the field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
import numpy.typing as npt

from kilomark.errors import BundleError
from kilomark.excerpts import excerpt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Fields"]

LONGEST_TEXT = 4096


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object, the file that it comes from, and where in that file it stands."""

    values: dict[str, Any]
    path: Path
    prefix: str = ""

    def error(self, key: str, found: object, expected: str) -> BundleError:
        """Make, but do not raise, the error for a field whose value ``found`` is not right."""
        return self._error(key, f"is {excerpt(found)}", expected)

    def has(self, key: str) -> bool:
        """Whether the field is there and not null."""
        return self.values.get(key) is not None

    def text(self, key: str, *, longest: int = LONGEST_TEXT) -> str:
        """Return a string of at most ``longest`` characters."""
        expected = f"a string of at most {longest} characters"
        value = self._get(key, expected)
        if not isinstance(value, str) or len(value) > longest:
            raise self.error(key, value, expected)
        return value

    def one_of(self, key: str, choices: Sequence[str]) -> str:
        """Return a string out of ``choices``."""
        expected = "one of " + ", ".join(choices)
        value = self._get(key, expected)
        if not isinstance(value, str) or value not in choices:
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
        self,
        key: str,
        *,
        count: int | None = None,
        at_most_count: int | None = None,
        at_least: int = 0,
        at_most: int,
    ) -> list[int]:
        """Return a list of whole numbers within bounds, ``count`` of them if that is given."""
        expected = f"{_counted(count, at_most_count)} whole numbers from {at_least} to {at_most}"
        values = self._list(key, expected, count, at_most_count)
        for value in values:
            if not _is_integer(value, at_least, at_most):
                raise self._error(key, f"holds {excerpt(value)}", expected)
        return values

    def number(self, key: str, *, above: float, at_most: float) -> float:
        """Return a number greater than ``above`` and not greater than ``at_most``."""
        expected = f"a finite number above {above:g}, at most {at_most:g}"
        value = self._get(key, expected)
        if not _is_number(value, above, at_most):
            raise self.error(key, value, expected)
        return float(value)

    def numbers(self, key: str, *, count: int, above: float, at_most: float) -> list[float]:
        """Return a list of ``count`` numbers greater than ``above``, not than ``at_most``."""
        expected = f"{count} finite numbers above {above:g}, at most {at_most:g}"
        values = self._list(key, expected, count)
        if not all(_is_number(value, above, at_most) for value in values):
            raise self.error(key, values, expected)
        return [float(value) for value in values]

    def boolean(self, key: str) -> bool:
        """Return true or false."""
        value = self._get(key, "true or false")
        if not isinstance(value, bool):
            raise self.error(key, value, "true or false")
        return value

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

    def sections(self, key: str, *, at_most_count: int) -> list[Fields]:
        """Return a list of at most ``at_most_count`` objects inside this one."""
        values = self._list(key, "a list of objects", at_most_count=at_most_count)
        for value in values:
            if not isinstance(value, dict):
                raise self.error(key, value, "a list of objects")
        return [
            Fields(value, self.path, f"{self.prefix}{key}[{index}].")
            for index, value in enumerate(values)
        ]

    def optional_table(
        self, key: str, *, rows: int, columns: int, at_most: float
    ) -> npt.NDArray[np.float64] | None:
        """Return a read-only (rows, columns) array of numbers up to ``at_most``; None for null."""
        if not self.has(key):
            return None
        expected = f"{rows} rows of {columns} finite numbers, or null"
        values = self._list(key, expected, rows)
        for index, row in enumerate(values):
            if not isinstance(row, list) or len(row) != columns:
                raise self._error(f"{key}[{index}]", "is not such a row", expected)
            if not all(_is_number(value, -at_most, at_most) for value in row):
                raise self._error(f"{key}[{index}]", f"is {excerpt(row)}", expected)
        table = np.array(values, np.float64)
        table.setflags(write=False)
        return table

    def _get(self, key: str, expected: str) -> object:
        if key not in self.values:
            raise self._error(key, "is missing", expected)
        return self.values[key]

    def _list(
        self,
        key: str,
        expected: str,
        count: int | None = None,
        at_most_count: int | None = None,
    ) -> list[Any]:
        value = self._get(key, expected)
        if not isinstance(value, list):
            raise self.error(key, value, expected)
        if count is not None and len(value) != count:
            raise self._error(key, f"holds {len(value)} values", expected)
        if at_most_count is not None and len(value) > at_most_count:
            raise self._error(key, f"holds {len(value)} values", f"at most {at_most_count}")
        return value

    def _error(self, key: str, what: str, expected: str) -> BundleError:
        return BundleError(f"{self.path}: {self.prefix}{key} {what}; expected {expected}")


def _counted(count: int | None, at_most: int | None) -> str:
    if count is not None:
        return str(count)
    return "a list of" if at_most is None else f"a list of at most {at_most}"


def _is_integer(value: object, at_least: int, at_most: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and at_least <= value <= at_most


def _is_number(value: object, above: float, at_most: float) -> TypeGuard[float]:
    """Whether it is a number in (above, at_most]; NaN is in no interval."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return above < value <= at_most  # whole numbers of any size compare exactly
