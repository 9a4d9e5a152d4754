"""The landmarks that the blendshape model uses, and how they err."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kilomark.errors import InvalidInputError
from kilomark.topology import LandmarkGroup, Topology

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "NODE_COUNTS",
    "node_indices",
    "node_noise",
    "node_topology",
    "rigid_nodes",
    "whitened_shifts",
    "whitening",
]

Floats = npt.NDArray[np.float64]

NODE_COUNTS: Mapping[str, int] = {
    "face_oval": 32,
    "right_brow": 12,
    "left_brow": 12,
    "right_eye": 16,
    "left_eye": 16,
    "nose_ridge": 8,
    "nose_wings": 12,
    "outer_lips": 24,
    "inner_lips": 24,
}
"""How many landmarks of each group the fit uses; they are evenly spaced along the contour."""

LANDMARK_NOISE: Mapping[str, float] = {
    "oval": 0.018,
    "brow": 0.0135,
    "eye": 0.0085,
    "ridge": 0.0115,
    "wings": 0.009,
    "lips": 0.0155,
}
"""Standard deviation of x and y by the last word of a group's name, in distances of the outer eye
corners: that of `lite` on 305 photos that it was not trained on."""

MODEL_NOISE_FACTOR = 2.0
"""By which the fit multiplies the noise, for what the displacement fields do not describe."""

NEIGHBOR_LENGTH, NEIGHBOR_SHARE = 3.7, 0.5
"""Errors of two nodes, d nodes apart on a contour, correlate by
``share * exp(-(d / length)^2 / 2)``, which is 0.36 at d = 3. Those of `lite` correlate by 0.72
there. With that number the fit would take smooth expressions for errors of the network."""


def node_indices(topology: Topology) -> npt.NDArray[np.intp]:
    """Return (N,) the landmarks that the fit uses, in the order of `NODE_COUNTS`.

    Raises:
        InvalidInputError: the topology lacks a group, or a group has too few landmarks.
    """
    chosen = []
    for name, count in NODE_COUNTS.items():
        group = topology.group(name)
        if group.count < count:
            raise InvalidInputError(
                f"the landmark group {name} has {group.count} landmarks; expected {count} and "
                "more for blendshapes"
            )
        share = group.count / count if group.closed else (group.count - 1) / (count - 1)
        chosen.append(group.start + np.round(np.arange(count) * share).astype(np.intp))
    return np.concatenate(chosen)


@lru_cache(maxsize=1)
def node_topology() -> Topology:
    """Return the groups of the nodes."""
    groups, start = {}, 0
    for name, count in NODE_COUNTS.items():
        groups[name] = LandmarkGroup(name, start, count, not name.startswith("nose"))
        start += count
    return Topology(start, groups)


@lru_cache(maxsize=1)
def node_noise() -> Floats:
    """Return (N,) the `LANDMARK_NOISE` of each node."""
    return np.concatenate(
        [
            np.full(count, LANDMARK_NOISE[name.rpartition("_")[2]])
            for name, count in NODE_COUNTS.items()
        ]
    )


@lru_cache(maxsize=1)
def whitening() -> Floats:
    """Return (N, N) a matrix that makes the noise of the nodes independent, with deviation 1."""
    found = np.zeros((len(node_noise()), len(node_noise())))
    for group in node_topology().groups.values():
        steps = np.abs(np.arange(group.count)[:, None] - np.arange(group.count))
        if group.closed:
            steps = np.minimum(steps, group.count - steps)
        alike = NEIGHBOR_SHARE * np.exp(-((steps / NEIGHBOR_LENGTH) ** 2) / 2)
        np.fill_diagonal(alike, 1.0)
        ways = np.linalg.eigh(alike)
        root = (ways.eigenvectors / np.sqrt(np.maximum(ways.eigenvalues, 1e-3))).T
        found[group.indices, group.indices] = root
    return found / (MODEL_NOISE_FACTOR * node_noise())


@lru_cache(maxsize=1)
def whitened_shifts() -> Floats:
    """Return (2, N, 2) what shifts along x and y do to whitened nodes."""
    shift = whitening().sum(axis=1)
    zero = np.zeros_like(shift)
    return np.array([np.column_stack([shift, zero]), np.column_stack([zero, shift])])


@lru_cache(maxsize=1)
def rigid_nodes() -> npt.NDArray[np.bool_]:
    """Return (N,) whether a node lies on eyes, nose, or the oval above the nose's tip."""
    rigid = np.zeros(sum(NODE_COUNTS.values()), bool)
    groups = node_topology().groups
    for name in ("right_eye", "left_eye", "nose_ridge", "nose_wings"):
        rigid[groups[name].indices] = True
    oval = groups["face_oval"]  # begins at the forehead; the nose's tip is level with a quarter
    quarter = oval.count // 4
    rigid[oval.start : oval.start + quarter] = True
    rigid[oval.start + oval.count - quarter : oval.start + oval.count] = True
    return rigid
