from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kilomark.boxes import to_boxes
from kilomark.errors import InvalidInputError

NAN, INF = float("nan"), float("inf")


def convert(boxes: object) -> np.ndarray[Any, Any]:
    return to_boxes(boxes, width=100, height=50)


@pytest.mark.parametrize(
    "boxes",
    [
        [1, 2, 3, 4],
        (1.0, 2.0, 3.0, 4.0),
        [[1, 2, 3, 4]],
        np.array([1, 2, 3, 4], np.int16),
        np.array([[4, 3, 2, 1]], np.float64)[:, ::-1],
    ],
)
def test_one_box(boxes: object) -> None:
    converted = convert(boxes)
    assert converted.dtype == np.float32
    assert converted.flags.c_contiguous
    assert converted.tolist() == [[1, 2, 3, 4]]


@pytest.mark.parametrize("none", [[], np.zeros((0, 4)), [[]]])
def test_no_box(none: object) -> None:
    assert convert(none).shape == (0, 4)


def test_box_that_reaches_outside_is_kept() -> None:
    assert convert([-20, -10, 300, 90]).tolist() == [[-20, -10, 300, 90]]


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([[1, 2, 3, 4], [1, 2, NAN, 4]], r"boxes\[1\] is \(1, 2, nan, 4\); expected finite"),
        ([1, 2, INF, 4], "expected finite"),
        ([5, 2, 5, 4], "expected x0 < x1 and y0 < y1"),
        ([10, 20, 5, 4], "expected x0 < x1"),
        ([100, 0, 120, 10], "wholly outside the image of 100 x 50"),
        ([-9, -9, 0, 5], "wholly outside"),
        ([0, 50, 5, 60], "wholly outside"),
        ([-1e9, -1e9, 1e9, 1e9], "far larger than the image"),
        ([1, 2, 3], r"shape \(3,\)"),
        ([[1, 2, 3, 4, 0.9]], r"shape \(1, 5\)"),
        (np.zeros((2, 2, 4)), r"shape \(2, 2, 4\)"),
        (np.zeros((0, 5)), r"shape \(0, 5\)"),
        (5, r"shape \(\)"),
        ("face", "dtype <U4"),
        ([[1, 2, 3, 4], [1, 2]], "is not an array"),
        ([None] * 4, "dtype object"),
        ([True] * 4, "dtype bool"),
        ([1j] * 4, "dtype complex128"),
    ],
)
def test_what_is_no_box_is_refused(boxes: object, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        convert(boxes)


class CountedText(str):
    """A text that counts how often it is put into a message."""

    __slots__ = ("uses",)

    def __format__(self, spec: str) -> str:
        self.uses = getattr(self, "uses", 0) + 1
        return super().__format__(spec)


def test_good_boxes_build_no_error_text() -> None:
    shown = CountedText("boxes of image 0")
    to_boxes([[10, 20, 60, 70]] * 5, width=120, height=90, shown=shown)
    assert not hasattr(shown, "uses")
    with pytest.raises(InvalidInputError, match=r"boxes of image 0\[1\] is \(60, 20, 10, 70\)"):
        to_boxes([[1, 2, 6, 7], [60, 20, 10, 70]], width=120, height=90, shown=shown)
    assert shown.uses == 1
