"""``topology.json``: what the landmarks of a data set or of a training run stand for."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.errors import InvalidInputError
from kilomark.topology import LandmarkGroup, Topology
from kilomark.whole_files import write_whole

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_topology", "write_topology"]


def read_topology(path: Path) -> Topology:
    """Read a topology.

    Args:
        path: JSON with ``num_landmarks``, ``groups`` (objects of ``name``, ``start``, ``count``,
            ``closed``) and ``mirror``; the last two may be left out.

    Raises:
        InvalidInputError: the file is missing, is not a topology, or its mirror is not its own
            inverse.
    """
    try:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        count, mirror = raw["num_landmarks"], raw.get("mirror")
        groups = [_parse_group(group) for group in raw.get("groups", ())]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInputError(
            f"{path} is not a topology ({type(error).__name__}: {error}); expected JSON with "
            "num_landmarks, groups and mirror"
        ) from error
    if mirror is not None and not _is_mirror(mirror, count):
        raise InvalidInputError(
            f"the mirror in {path} is not valid; expected {count} whole numbers, a permutation of "
            f"0 to {count - 1} that is its own inverse"
        )
    return Topology(
        count,
        {group.name: group for group in groups},
        None if mirror is None else np.array(mirror, np.intp),
    )


def _parse_group(raw: dict[str, Any]) -> LandmarkGroup:
    return LandmarkGroup(raw["name"], raw["start"], raw["count"], raw["closed"])


def _is_mirror(mirror: object, count: int) -> bool:
    if not isinstance(mirror, list) or not all(type(index) is int for index in mirror):
        return False
    if sorted(mirror) != list(range(count)):
        return False
    return all(mirror[partner] == index for index, partner in enumerate(mirror))


def write_topology(path: Path, topology: Topology) -> None:
    """Write the file that `read_topology` reads; its folder exists.

    Raises:
        OSError: the file cannot be written.
    """
    raw = {
        "num_landmarks": topology.num_landmarks,
        "groups": [asdict(group) for group in topology.groups.values()],
        "mirror": None if topology.mirror is None else topology.mirror.tolist(),
    }
    write_whole(path, json.dumps(raw) + "\n")
