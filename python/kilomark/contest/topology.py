"""What the landmarks of a contest's data set mean, where that is known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.data.face_crops import LandmarkTopology
from kilomark.errors import InvalidInputError
from kilomark.manifest import read_landmark_bundle
from kilomark.whole_files import write_whole

if TYPE_CHECKING:
    from pathlib import Path

_GROUP_KEYS = ("name", "start", "count", "closed")


def choose_topology(num_landmarks: int, file: Path | None = None) -> LandmarkTopology:
    """Take the topology from ``file``, or for 971 landmarks that of the shipped networks.

    Of any other set of landmarks nothing is known: it has no groups and no mirror, and training
    mirrors no photo.

    Args:
        num_landmarks: K of the data set.
        file: JSON with ``num_landmarks``, ``groups`` (``name``, ``start``, ``count``, ``closed``)
            and ``mirror``; the last two may be left out.

    Raises:
        InvalidInputError: the file is missing, or is of other landmarks, or its mirror is not one.
    """
    if file is not None:
        return _read_file(file, num_landmarks)
    shipped = read_landmark_bundle("lite").topology
    if num_landmarks != shipped.num_landmarks:
        return LandmarkTopology(num_landmarks, (), None)
    groups = tuple(
        {key: getattr(group, key) for key in _GROUP_KEYS} for group in shipped.groups.values()
    )
    return LandmarkTopology(num_landmarks, groups, shipped.mirror)


def _read_file(path: Path, num_landmarks: int) -> LandmarkTopology:
    try:
        raw: dict[str, Any] = json.loads(path.read_text())
        count, mirror = raw["num_landmarks"], raw.get("mirror")
        groups = tuple({key: group[key] for key in _GROUP_KEYS} for group in raw.get("groups", ()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInputError(
            f"{path} is no topology ({type(error).__name__}: {error}); expected JSON with "
            "num_landmarks, groups and mirror"
        ) from error
    if count != num_landmarks:
        raise InvalidInputError(
            f"{path} is of {count} landmarks; expected {num_landmarks}, as in the data set"
        )
    if mirror is not None and not _is_mirror(mirror, count):
        raise InvalidInputError(
            f"the mirror of {path} is not one; expected {count} whole numbers, a permutation of "
            f"0 to {count - 1} that is its own inverse"
        )
    return LandmarkTopology(count, groups, None if mirror is None else np.array(mirror))


def _is_mirror(mirror: object, count: int) -> bool:
    if not isinstance(mirror, list) or not all(type(index) is int for index in mirror):
        return False
    if sorted(mirror) != list(range(count)):
        return False
    return all(mirror[partner] == index for index, partner in enumerate(mirror))


def write_topology(path: Path, topology: LandmarkTopology) -> None:
    """Write the file that `choose_topology` and `kilomark.data.face_crops.read_topology` read."""
    mirror = topology.mirror
    raw = {
        "num_landmarks": topology.num_landmarks,
        "groups": list(topology.groups),
        "mirror": None if mirror is None else mirror.tolist(),
    }
    write_whole(path, json.dumps(raw) + "\n")
