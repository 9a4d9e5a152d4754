"""Error messages stay short, whatever value they quote."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import kilomark
from kilomark import _core
from kilomark.errors import LONGEST_MESSAGE, DependencyError, InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.raw_images import RawImage, borrow_gpu_array

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGE = Path(kilomark.__file__).parent
LONG = "A" * 300_000
NESTED = {LONG: {LONG: [LONG] * 50}}


class GpuArray:
    def __init__(self, **fields: object) -> None:
        good = {"shape": (4, 4, 3), "typestr": "|u1", "data": (4096, False), "version": 3}
        self.__cuda_array_interface__ = {**good, **fields}


class LongName:
    def __repr__(self) -> str:
        raise RuntimeError(LONG)


LongName.__name__ = LONG


@pytest.mark.parametrize(
    "call",
    [
        lambda: borrow_gpu_array(GpuArray(typestr=LONG)),
        lambda: borrow_gpu_array(GpuArray(typestr=NESTED)),
        lambda: borrow_gpu_array(GpuArray(shape=NESTED)),
        lambda: borrow_gpu_array(GpuArray(shape=(-1,) * 100_000)),
        lambda: borrow_gpu_array(GpuArray(version=LONG)),
        lambda: borrow_gpu_array(LongName()),
        lambda: RawImage(np.zeros((2, 2), np.uint8), LONG),  # type: ignore[arg-type]
        lambda: _core.parse_manifest(f'{{"name": "{LONG}"}}'.encode(), b"bundle"),
        lambda: kilomark.Detector(LONG),
        lambda: kilomark.Detector(device=LONG),
        lambda: kilomark.Detector(device=NESTED),  # type: ignore[arg-type]
        lambda: kilomark.Detector("lite", rescoring=LONG),
        lambda: kilomark.draw(np.zeros((4, 4, 3), np.uint8), [], style=LONG),
    ],
)
def test_long_values_are_cut(call: Callable[[], object]) -> None:
    with pytest.raises(kilomark.KilomarkError) as caught:
        call()
    assert 0 < len(str(caught.value)) <= LONGEST_MESSAGE


def test_no_message_quotes_a_value_uncut() -> None:
    uncut = [
        f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for path in PACKAGE.rglob("*.py")
        if path.name not in ("excerpts.py", "extras.py")  # extras quotes names of the package
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"\{[^{}]*!r\}", line)
    ]
    assert not uncut, "write {excerpt(value)}, which cuts it"


def test_a_long_message_keeps_its_start_and_its_remedy() -> None:
    error = InvalidInputError(f"found {LONG}; expected less; cut it")
    assert len(str(error)) == LONGEST_MESSAGE
    assert str(error).startswith("found AAA")
    assert str(error).endswith("; expected less; cut it")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_arguments_of_builtin_errors_stay() -> None:
    assert DependencyError("no module", name="torch").name == "torch"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("short", "'short'"),
        ([1, 2], "[1, 2]"),
        (LONG, "'" + "A" * 79 + " ... (300000 long)"),
        ({number: number for number in range(100)}, r"{0: 0, 1: 1, .* \.\.\. \(100 long\)"),
        (10**300, "a whole number of more than 80 digits"),
        (LongName(), r"a A{78} \.\.\."),
    ],
)
def test_excerpts(value: object, expected: str) -> None:
    shown = excerpt(value)
    assert shown == expected or re.fullmatch(expected, shown)
    assert len(shown) < 300
