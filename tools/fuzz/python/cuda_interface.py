"""Any `__cuda_array_interface__` of an object: borrowed, or InvalidInputError.

No GPU is needed: the dictionary is only read.
"""

from __future__ import annotations

import atheris
from harness import check_message, fuzz, instrumented
from outcomes import note_outcome

with instrumented():
    from kilomark.errors import KilomarkError
    from kilomark.raw_images import borrow_gpu_array

KEYS = ["shape", "typestr", "data", "version", "strides", "stream", "mask", "descr"]


class Pretender:
    """Says that it is an array on a GPU."""

    def __init__(self, interface: object) -> None:
        self.__cuda_array_interface__ = interface


def test_one_input(data: bytes) -> None:
    provider = atheris.FuzzedDataProvider(data)
    interface: object = {
        "shape": (4, 4, 3), "typestr": "|u1", "data": (4096, False), "version": 3, "strides": None,
    }  # fmt: skip
    for _ in range(provider.ConsumeIntInRange(1, 3)):
        key = KEYS[provider.ConsumeIntInRange(0, len(KEYS) - 1)]
        interface = {**interface, key: _value(provider, 3)}  # type: ignore[dict-item]
        if provider.ConsumeBool():
            del interface[key]  # type: ignore[attr-defined]
    if provider.ConsumeIntInRange(0, 20) == 0:
        interface = _value(provider, 2)
    try:
        array = borrow_gpu_array(Pretender(interface))
    except KilomarkError as error:
        check_message(error)
        note_outcome(error)
        return
    note_outcome(array.shape)
    assert all(size >= 0 for size in array.shape)


def _value(provider: atheris.FuzzedDataProvider, depth: int) -> object:
    kind = provider.ConsumeIntInRange(0, 8 if depth else 5)
    if kind == 0:
        return provider.ConsumeInt(12)
    if kind == 1:
        return provider.ConsumeIntInRange(-2, 5)
    if kind == 2:
        return provider.ConsumeUnicode(4)
    if kind == 3:
        return [None, True, False, 1.5, b"u1", float("nan")][provider.ConsumeIntInRange(0, 5)]
    if kind == 4:
        return ["|u1", "<u1", "u1", "<f4", "|b1", ">u2"][provider.ConsumeIntInRange(0, 5)]
    if kind == 5:
        return provider.ConsumeFloat()
    items = [_value(provider, depth - 1) for _ in range(provider.ConsumeIntInRange(0, 4))]
    return {str(item): item for item in items} if kind == 6 else tuple(items)


def seeds() -> list[bytes]:
    return [bytes(32), bytes(range(100)), b"\xff" * 64]


if __name__ == "__main__":
    fuzz(test_one_input, seeds)
