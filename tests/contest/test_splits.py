from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilomark.contest.splits import split_by_person, split_in_file_order
from kilomark.errors import InvalidInputError


@given(num_rows=st.integers(3, 3000))
def test_the_file_order_split_is_the_baselines(num_rows: int) -> None:
    """The baseline's own loop: it numbers the lines, and the header is number 0."""
    train, val = [], []
    for line in range(num_rows + 1):
        if line == 0:
            continue
        (train if line < int(0.8 * num_rows) else val).append(line - 1)

    found = split_in_file_order(num_rows)

    assert found.train.tolist() == train
    assert found.val.tolist() == val


def test_the_contests_own_sizes() -> None:
    train, val = split_in_file_order(393_931)

    assert (len(train), len(val)) == (315_143, 78_788)


@pytest.mark.parametrize("num_rows", [1, 2])
def test_too_few_rows_are_refused(num_rows: int) -> None:
    with pytest.raises(InvalidInputError, match=f"{num_rows} rows cannot be split"):
        split_in_file_order(num_rows)


@given(st.lists(st.sampled_from("abcdefghij"), min_size=2).filter(lambda p: len(set(p)) > 1))
def test_nobody_is_in_both_parts(persons: list[str]) -> None:
    train, val = split_by_person(persons)

    assert sorted([*train, *val]) == list(range(len(persons)))
    assert len(train) > 0
    assert len(val) > 0
    assert {persons[row] for row in train}.isdisjoint(persons[row] for row in val)


def test_a_fifth_validates_wherever_the_rows_stand() -> None:
    persons = [f"person {number // 4}" for number in range(4000)]
    order = np.random.default_rng(0).permutation(len(persons))

    plain = split_by_person(persons)
    shuffled = split_by_person([persons[row] for row in order])

    assert 780 < len(plain.val) < 820
    assert {persons[row] for row in plain.val} == {persons[order[row]] for row in shuffled.val}


def test_one_person_cannot_be_split() -> None:
    with pytest.raises(InvalidInputError, match="all 3 rows show the same person"):
        split_by_person(["a", "a", "a"])
