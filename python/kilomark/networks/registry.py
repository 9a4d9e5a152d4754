"""Networks by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from kilomark.networks.lite import make_lite
from kilomark.networks.resnext50 import make_resnext50

if TYPE_CHECKING:
    from kilomark.networks.landmark_network import HeadName, LandmarkNetwork


class MakeNetwork(Protocol):
    """How a landmark network is made."""

    def __call__(self, num_landmarks: int, head: HeadName = "compact") -> LandmarkNetwork:
        """Make it, with random weights."""


LANDMARK_NETWORKS: dict[str, MakeNetwork] = {
    "resnext50": make_resnext50,
    "lite": make_lite,
}
