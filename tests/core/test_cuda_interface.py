"""Objects that say they are arrays on a GPU and are not: no GPU is needed."""

from __future__ import annotations

from typing import Any

import pytest

from kilomark.errors import InvalidInputError
from kilomark.raw_images import borrow_gpu_array

GOOD: dict[str, Any] = {
    "shape": (4, 4, 3),
    "typestr": "|u1",
    "data": (4096, False),
    "version": 3,
}


class Pretender:
    def __init__(self, interface: object) -> None:
        self.__cuda_array_interface__ = interface


@pytest.mark.parametrize(
    "change",
    [
        {"shape": None},
        {"shape": 4},
        {"shape": ("a",)},
        {"shape": (2**70,)},
        {"typestr": None},
        {"typestr": "<f4"},
        {"data": None},
        {"data": (None, False)},
        {"data": ()},
        {"strides": 3},
        {"strides": ("x",) * 3},
        {"stream": "now"},
        {"version": "three"},
    ],
)
def test_wrong_fields_are_typed_errors(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        borrow_gpu_array(Pretender({**GOOD, **change}))
    assert "incompatible function arguments" not in str(caught.value)  # it was looked at


@pytest.mark.parametrize("key", ["shape", "typestr", "data"])
def test_missing_fields_are_typed_errors(key: str) -> None:
    interface = {name: value for name, value in GOOD.items() if name != key}
    with pytest.raises(InvalidInputError):
        borrow_gpu_array(Pretender(interface))


@pytest.mark.parametrize("interface", [None, 3, [], "x", {}])
def test_no_dictionary_at_all(interface: object) -> None:
    with pytest.raises(InvalidInputError):
        borrow_gpu_array(Pretender(interface))
