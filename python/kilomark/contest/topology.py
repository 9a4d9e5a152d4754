"""What the landmarks of a contest's data set stand for, where that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kilomark.errors import InvalidInputError
from kilomark.manifest import read_landmark_bundle
from kilomark.topology import Topology
from kilomark.topology_file import read_topology

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["choose_topology"]


def choose_topology(num_landmarks: int, file: Path | None = None) -> Topology:
    """Take the topology from ``file``, or for 971 landmarks that of the shipped networks.

    Any other set of landmarks has no groups and no mirror, and training mirrors no photo.

    Args:
        num_landmarks: K of the data set.
        file: a ``topology.json``; see `kilomark.topology_file.read_topology`.

    Raises:
        InvalidInputError: the file is missing or damaged, or is of another number of landmarks.
    """
    if file is None:
        shipped = read_landmark_bundle("lite").topology
        is_known = num_landmarks == shipped.num_landmarks
        return shipped if is_known else Topology(num_landmarks, {})
    topology = read_topology(file)
    if topology.num_landmarks != num_landmarks:
        raise InvalidInputError(
            f"{file} describes {topology.num_landmarks} landmarks; expected {num_landmarks}, as in "
            "the data set"
        )
    return topology
