"""Any boxes of a person: an exact (M, 4) array, or InvalidInputError."""

from __future__ import annotations

import atheris
import numpy as np
from harness import check_message, fuzz, instrumented

with instrumented():
    from kilomark.boxes import to_boxes
    from kilomark.errors import InvalidInputError

DTYPES = ["float32", "float64", "float16", "int8", "int64", "uint64", "bool", "object", "U2", "c16"]


def test_one_input(data: bytes) -> None:
    provider = atheris.FuzzedDataProvider(data)
    width, height = provider.ConsumeIntInRange(1, 65535), provider.ConsumeIntInRange(1, 65535)
    try:
        boxes = to_boxes(_boxes(provider), width=width, height=height)
    except InvalidInputError as error:
        check_message(error)
        return
    assert boxes.dtype == np.float32
    assert boxes.shape[1:] == (4,)
    assert np.isfinite(boxes).all()
    assert (boxes[:, 2:] >= boxes[:, :2]).all()


def _boxes(provider: atheris.FuzzedDataProvider) -> object:
    kind = provider.ConsumeIntInRange(0, 3)
    if kind == 0:
        return [[_value(provider) for _ in range(4)] for _ in range(3)]
    if kind == 1:
        return [_value(provider) for _ in range(provider.ConsumeIntInRange(0, 6))]
    if kind == 2:
        return [[_value(provider)] * provider.ConsumeIntInRange(0, 5) for _ in range(3)]
    shape = [provider.ConsumeIntInRange(0, 5) for _ in range(provider.ConsumeIntInRange(0, 4))]
    return np.ones(shape, DTYPES[provider.ConsumeIntInRange(0, len(DTYPES) - 1)])


def _value(provider: atheris.FuzzedDataProvider) -> object:
    kind = provider.ConsumeIntInRange(0, 5)
    if kind == 0:
        return provider.ConsumeFloat()
    if kind == 1:
        return provider.ConsumeInt(20)
    if kind == 2:
        return provider.ConsumeUnicode(3)
    if kind == 3:
        return [None, True, 1j, b"x", [], {}][provider.ConsumeIntInRange(0, 5)]
    return provider.ConsumeFloatInRange(-100, 70000)


def seeds() -> list[bytes]:
    return [bytes(64), bytes(range(200)), b"\xff" * 100]


if __name__ == "__main__":
    fuzz(test_one_input, seeds)
