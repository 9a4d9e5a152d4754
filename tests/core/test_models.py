"""Networks that are damaged, or not what their description says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.core.conftest import make_input
from tests.core.messages import refused

from kilomark import BundleError, InferenceError, InvalidInputError, _core

if TYPE_CHECKING:
    from tests.core.conftest import MakeFinder, MakeLandmarks

UNREADABLE = "an ONNX file with "


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.3, 0.5, 0.9, 0.99])
def test_truncated_model(make_landmarks: MakeLandmarks, landmark_model: bytes, kept: float) -> None:
    model = landmark_model[: int(kept * len(landmark_model))]
    with refused(BundleError, f"{UNREADABLE}|in the model of the landmark network"):
        _core.Detector(make_landmarks(model=model), None)


@pytest.mark.parametrize(
    "model", [b"\0", bytes(5000), b"\xff" * 5000, b"\x89PNG\r\n\x1a\n", b"<net></net>"]
)
def test_model_that_is_no_model(make_landmarks: MakeLandmarks, model: bytes) -> None:
    with refused(BundleError, UNREADABLE):
        _core.Detector(make_landmarks(model=model), None)


def test_truncated_finder(
    make_landmarks: MakeLandmarks, make_finder: MakeFinder, finder_model: bytes
) -> None:
    finder = make_finder(model=finder_model[: len(finder_model) // 2])
    with refused(BundleError, UNREADABLE):
        _core.Detector(make_landmarks(), finder)


@pytest.mark.parametrize("position", range(0, 600, 23))
def test_model_with_a_flipped_byte(
    make_landmarks: MakeLandmarks, landmark_model: bytes, position: int
) -> None:
    """It is refused, or it runs; nothing else."""
    damaged = bytearray(landmark_model)
    damaged[position % len(damaged)] ^= 0xFF
    image = np.zeros((40, 40), np.uint8)
    try:
        detector = _core.Detector(make_landmarks(model=bytes(damaged)), None, num_threads=1)
    except (BundleError, InferenceError):
        return
    boxes = [np.array([[5, 5, 30, 30]], np.float32)]
    (given,), _ = detector.predict([image], ["gray"], boxes=boxes)
    assert given.landmarks.shape == (1, 5, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_landmarks": 6}, r'"landmarks" of f32 .*5,2.*expected f32 .*6,2'),
        ({"num_landmarks": 2**31 - 1}, "at most 16384"),
        ({"num_landmarks": 0}, "0 landmarks; expected at least 1"),
        ({"num_landmarks": -5}, "-5 landmarks"),
        ({"input": make_input(64)}, r'"image" of f32 .*32,32.*expected f32 .*64,64'),
        ({"input": make_input(32, width=31)}, r'"image" of f32'),
        ({"input": make_input(0)}, "an input of 0 x 0 px"),
        ({"input": make_input(5000)}, "1 to 4096 px"),
        ({"input": make_input(32, std=(255, 0, 255))}, "a std that is not positive"),
        ({"input": make_input(32, std=(255, -1, 255))}, "a std that is not positive"),
        ({"input": make_input(32, mean=(0, float("nan"), 0))}, "a mean that is not finite"),
        ({"crop_scale": 0.0}, "a crop_scale of 0"),
        ({"crop_scale": float("nan")}, "a crop_scale of nan"),
        ({"crop_scale": 17.0}, "at most 16"),
    ],
)
def test_landmark_network_that_is_not_as_described(
    make_landmarks: MakeLandmarks, change: object, message: str
) -> None:
    with refused(BundleError, message):
        _core.Detector(make_landmarks(**change), None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"strides": []}, "at least one stride"),
        ({"strides": [0]}, "a multiple of every stride"),
        ({"strides": [-8]}, "a multiple of every stride"),
        ({"strides": [48]}, "a multiple of every stride"),
        ({"strides": [8]}, r'"scores" of f32 .*80.*expected f32 .*64'),
        ({"strides": [16, 8, 16]}, r'"scores" of f32'),
        ({"input": make_input(72)}, "a multiple of every stride"),
    ],
)
def test_finder_that_is_not_as_described(
    make_landmarks: MakeLandmarks, make_finder: MakeFinder, change: object, message: str
) -> None:
    with refused(BundleError, message):
        _core.Detector(make_landmarks(), make_finder(**change))


def test_one_network_in_the_place_of_the_other(
    make_landmarks: MakeLandmarks,
    make_finder: MakeFinder,
    landmark_model: bytes,
    finder_model: bytes,
) -> None:
    with refused(BundleError, 'the names .* in the model of the landmark network; expected "landm'):
        _core.Detector(make_landmarks(model=finder_model), None)
    with refused(BundleError, "in the model of the finder network"):
        _core.Detector(make_landmarks(), make_finder(model=landmark_model))


def test_channel_order_that_does_not_exist() -> None:
    with refused(InvalidInputError, 'channel order "grb"; expected rgb or bgr'):
        make_input(32, channel_order="grb")
