"""Which rows of a contest's data set are trained on, and which validate."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SplitRows", "split_by_person", "split_in_file_order"]

_TRAIN_SHARE = 0.8


class SplitRows(NamedTuple):
    """Rows of a table, from 0: ``train`` and ``val``, each (N,) int64 in ascending order."""

    train: np.ndarray[Any, Any]
    val: np.ndarray[Any, Any]


def split_in_file_order(num_rows: int) -> SplitRows:
    """Split as the contest's baseline does.

    It counts the header as row 0 of the file and trains on rows 1 .. int(0.8 n) - 1 of n data
    rows; int(0.8 n) .. n validate.

    Raises:
        InvalidInputError: there are too few rows for both parts to hold one.
    """
    first_val = int(_TRAIN_SHARE * num_rows) - 1
    if first_val < 1:
        raise InvalidInputError(
            f"{num_rows} rows cannot be split into training and validation; expected at least 3"
        )
    return SplitRows(np.arange(first_val), np.arange(first_val, num_rows))


def split_by_person(persons: Sequence[str]) -> SplitRows:
    """Split so that nobody is in both parts, about 80 to 20 by rows.

    People go to the validation rows in the order of a hash of their names, until these have their
    share. So the split is the same at each run and on each machine, in whatever order the rows are.

    Raises:
        InvalidInputError: all rows show the same person.
    """
    names, person_of_row, counts = np.unique(persons, return_inverse=True, return_counts=True)
    if len(names) < 2:
        raise InvalidInputError(
            f"all {len(persons)} rows show the same person; expected at least two people: split in "
            "file order instead"
        )
    hashes = [hashlib.sha256(str(name).encode()).digest() for name in names]
    order = sorted(range(len(names)), key=hashes.__getitem__)
    seen_before = np.concatenate([[0], np.cumsum(counts[order])[:-1]])
    is_val = np.zeros(len(names), bool)
    is_val[order] = seen_before < (1 - _TRAIN_SHARE) * len(persons)
    is_val[order[-1]] = False  # someone is left to train on, however many rows the first one has
    of_row = is_val[person_of_row]
    return SplitRows(np.flatnonzero(~of_row), np.flatnonzero(of_row))
