"""Faces with known coefficients: random people, poses and errors of the landmarks."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from kilomark.faces import Face
from kilomark.measures.blendshape_nodes import node_indices, node_noise, node_topology
from kilomark.pose import Pose, to_rotation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kilomark.measures.blendshape_model import BlendshapeModel, NeutralFace
    from kilomark.topology import Topology

__all__ = [
    "along_contours",
    "displacement",
    "generate_face",
    "generate_person",
    "random_coefficients",
    "show_face",
]

EYE_DISTANCE_PX = 120.0
SMOOTHED_NODES = 2.6
"""Errors of nodes that lie 3 apart then correlate by 0.72, as those of `lite` do."""


def generate_person(model: BlendshapeModel, random: np.random.Generator) -> np.ndarray:
    """Return (N, 3) nodes of a random person at rest."""
    amounts = random.normal(size=len(model.average.identity))
    return model.average.points + np.tensordot(amounts, model.average.identity, axes=1)


def random_coefficients(
    names: tuple[str, ...], count: int, random: np.random.Generator
) -> dict[str, float]:
    """Return some coefficients from 0.2 to 1, no two of which exclude each other."""
    chosen: dict[str, float] = {}
    for name in random.permutation(names):
        if len(chosen) < count and not any(excludes(name, other) for other in chosen):
            chosen[str(name)] = float(random.uniform(0.2, 1.0))
    return chosen


OPPOSITES = (
    ("eyeBlink", "eyeWide"),
    ("eyeSquint", "eyeWide"),
    ("browDown", "browInnerUp"),
    ("browDown", "browOuterUp"),
    ("mouthSmile", "mouthFrown"),
    ("jawLeft", "jawRight"),
    ("mouthLeft", "mouthRight"),
    ("mouthPucker", "mouthStretch"),
    ("mouthFunnel", "mouthStretch"),
    ("mouthPucker", "mouthSmile"),
)


def excludes(one: str, other: str) -> bool:
    """Tell whether nobody makes both at once."""
    return any(
        (one.startswith(a) and other.startswith(b)) or (one.startswith(b) and other.startswith(a))
        for a, b in OPPOSITES
    )


def generate_face(
    model: BlendshapeModel,
    topology: Topology,
    person: np.ndarray,
    coefficients: Mapping[str, float],
    *,
    pose: Pose,
    noise: float,
    random: np.random.Generator,
) -> Face:
    """Return a face of a person with an expression, as a network would place it.

    Args:
        model: whose fields move the landmarks.
        topology: of the network.
        person: (N, 3) nodes at rest.
        coefficients: of the expression.
        pose: of the head.
        noise: factor of `LANDMARK_NOISE`; 1 is that of `lite`.
        random: of the noise.
    """
    nodes = person + displacement(model, model.resting(person), coefficients)
    mean = np.asarray(topology.mean_shape)
    points = mean + along_contours(nodes - mean[node_indices(topology)], topology)
    errors = along_contours(_errors(random, len(nodes)), topology)
    return show_face(points, topology, pose, noise * errors)


def displacement(
    model: BlendshapeModel, rest: NeutralFace, coefficients: Mapping[str, float]
) -> np.ndarray:
    """Return (N, 3) how far an expression moves the nodes of a person."""
    return sum(
        (amount * rest.fields[model.names.index(name)] for name, amount in coefficients.items()),
        np.zeros_like(rest.points),
    )


def show_face(points: np.ndarray, topology: Topology, pose: Pose, errors: np.ndarray) -> Face:
    """Return the face that a camera sees of points (K, 3), with errors (K, 2)."""
    turned = (points @ to_rotation(pose).T)[:, :2] + errors
    landmarks = (EYE_DISTANCE_PX * turned + 300).astype(np.float32)
    box = np.concatenate([landmarks.min(axis=0), landmarks.max(axis=0)])
    return Face(landmarks, np.ones(len(landmarks), np.float32), box, 1.0, 1.0, topology=topology)


def along_contours(values: np.ndarray, topology: Topology) -> np.ndarray:
    """Interpolate values (N, D) of the nodes along each contour: (K, D), 0 on other landmarks."""
    found = np.zeros((topology.num_landmarks, values.shape[1]))
    nodes = node_indices(topology)
    for name, part in node_topology().groups.items():
        group = topology.group(name)
        at, known = nodes[part.indices] - group.start, values[part.indices]
        if group.closed:
            at, known = np.append(at, group.count), np.vstack([known, known[:1]])
        steps = np.arange(group.count)
        for axis in range(values.shape[1]):
            found[group.indices, axis] = np.interp(steps, at, known[:, axis])
    return found


def _errors(random: np.random.Generator, count: int) -> np.ndarray:
    """Return (N, 2) errors with the deviations of `LANDMARK_NOISE`, alike for neighbors."""
    errors = np.empty((count, 2))
    for group in node_topology().groups.values():
        smooth = _smoothing(group.count)
        errors[group.indices] = smooth @ random.normal(size=(smooth.shape[1], 2))
    return errors * node_noise()[:, None]


@lru_cache(maxsize=16)
def _smoothing(size: int) -> np.ndarray:
    """Return a matrix that makes neighbors of independent numbers alike, with deviation 1."""
    distance = np.abs(np.arange(size)[:, None] - np.arange(size))
    ring = np.minimum(distance, size - distance)
    weights = np.exp(-((ring / SMOOTHED_NODES) ** 2) / 2)
    return weights / np.linalg.norm(weights, axis=1, keepdims=True)
