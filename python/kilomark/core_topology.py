"""What the landmarks of a bundle stand for, as the C++ core takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kilomark import _core

if TYPE_CHECKING:
    from kilomark.topology import Topology

__all__ = ["to_core_topology"]


def to_core_topology(topology: Topology) -> _core.Topology:
    """Return number, groups and mirror of the landmarks."""
    return _core.Topology(
        topology.num_landmarks,
        [
            _core.LandmarkGroup(group.name, group.start, group.count, group.closed)
            for group in topology.groups.values()
        ],
        [] if topology.mirror is None else topology.mirror.tolist(),
    )
