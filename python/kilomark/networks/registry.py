"""All networks by name: what `kilomark train` and `kilomark export` can make.

A new network is one file beside this one, which returns a ``torch.nn.Module``, and one line here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.networks.eye_network import EyeNetwork
from kilomark.networks.face_finder import FaceFinder, make_large_face_finder
from kilomark.networks.lite import make_lite
from kilomark.networks.resnext50 import make_resnext50

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from kilomark.networks.landmark_network import HeadName, LandmarkNetwork

__all__ = [
    "EYE_NETWORKS",
    "FACE_DETECTORS",
    "LANDMARK_NETWORKS",
    "check_network_name",
    "network_names",
]


class MakeLandmarkNetwork(Protocol):
    """How a landmark network is made."""

    def __call__(self, num_landmarks: int, head: HeadName = "compact") -> LandmarkNetwork:
        """Make it, with random weights."""


LANDMARK_NETWORKS: dict[str, MakeLandmarkNetwork] = {
    "resnext50": make_resnext50,
    "lite": make_lite,
}

FACE_DETECTORS: dict[str, Callable[[], nn.Module]] = {
    "faces": FaceFinder,
    "faces-large": make_large_face_finder,
}

EYE_NETWORKS: dict[str, Callable[[int], EyeNetwork]] = {"eyes": EyeNetwork}


def network_names() -> list[str]:
    """Names of all networks, face detectors first."""
    return [*FACE_DETECTORS, *LANDMARK_NETWORKS, *EYE_NETWORKS]


def check_network_name(name: str) -> str:
    """Return ``name`` if a network is called so.

    Raises:
        InvalidInputError: there is no such network.
    """
    if name not in network_names():
        raise InvalidInputError(
            f"there is no network {excerpt(name)}; expected one of {', '.join(network_names())}"
        )
    return name
