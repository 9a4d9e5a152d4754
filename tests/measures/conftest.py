from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from kilomark import Detector
from kilomark.faces import Face
from kilomark.pose import Pose, to_rotation

if TYPE_CHECKING:
    from collections.abc import Callable

    from kilomark.topology import Topology


@pytest.fixture(scope="session")
def topology() -> Topology:
    return Detector("lite", finder=None).topology


@pytest.fixture
def show(topology: Topology) -> Callable[..., Face]:
    """Return a function that pictures a 3-D face (K, 3) in a pose as a `Face`."""

    def pictured(
        points: np.ndarray, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0
    ) -> Face:
        turned = points @ to_rotation(Pose(yaw, pitch, roll)).T
        landmarks = (turned[:, :2] * 120 + [320, 240]).astype(np.float32)
        box = np.concatenate([landmarks.min(0), landmarks.max(0)])
        spread = np.ones(len(landmarks), np.float32)
        return Face(landmarks, spread, box, 1.0, 1.0, topology=topology)

    return pictured


@pytest.fixture
def mean(topology: Topology) -> np.ndarray:
    assert topology.mean_shape is not None
    return np.array(topology.mean_shape)
