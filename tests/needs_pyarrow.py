"""Marks the tests that write or read Parquet files; the rest of their modules runs without."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _pytest.mark import ParameterSet

needs_pyarrow = pytest.mark.skipif(
    find_spec("pyarrow") is None, reason="needs the folder extra: pip install '.[folder]'"
)


def mark_parquet(formats: Iterable[str]) -> list[str | ParameterSet]:
    """Return the formats or suffixes as parameters of a test, Parquet's marked."""
    return [
        pytest.param(name, marks=needs_pyarrow) if name.endswith("parquet") else name
        for name in formats
    ]
