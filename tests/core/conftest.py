"""The tiny bundles of tests/tiny_bundles.py as the core takes them, any part replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.tiny_bundles import CROP_SCALE, CROP_SIZE, FINDER_SIZE, LANDMARKS, STRIDES

from kilomark import _core

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    MakeLandmarks = Callable[..., _core.LandmarkNetwork]
    MakeFinder = Callable[..., _core.FinderNetwork]


def make_input(size: int, **changes: object) -> _core.NetworkInput:
    given = {
        "width": size,
        "height": size,
        "channel_order": "rgb",
        "mean": (0, 0, 0),
        "std": (255, 255, 255),
    }
    return _core.NetworkInput(**(given | changes))


@pytest.fixture(scope="session")
def landmark_model(tiny: Path) -> bytes:
    return (tiny / "model.onnx").read_bytes()


@pytest.fixture(scope="session")
def finder_model(tiny_faces: Path) -> bytes:
    return (tiny_faces / "model.onnx").read_bytes()


@pytest.fixture(scope="session")
def make_landmarks(landmark_model: bytes) -> MakeLandmarks:
    def make(**changes: object) -> _core.LandmarkNetwork:
        given = {
            "model": landmark_model,
            "input": make_input(CROP_SIZE),
            "num_landmarks": len(LANDMARKS),
            "crop_scale": CROP_SCALE,
        }
        return _core.LandmarkNetwork(**(given | changes))

    return make


@pytest.fixture(scope="session")
def make_finder(finder_model: bytes) -> MakeFinder:
    def make(**changes: object) -> _core.FinderNetwork:
        given = {"model": finder_model, "input": make_input(FINDER_SIZE), "strides": STRIDES}
        return _core.FinderNetwork(**(given | changes))

    return make


@pytest.fixture(scope="session")
def core(make_landmarks: MakeLandmarks, make_finder: MakeFinder) -> _core.Detector:
    """Three faces to a batch, so that few make several."""
    return _core.Detector(make_landmarks(), make_finder(), num_threads=1, max_batch=3)
