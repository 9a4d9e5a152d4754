"""Landmarks of real faces, turned to the front."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kilomark.measures.blendshape_nodes import node_indices, node_topology, rigid_nodes

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark.topology import Topology

__all__ = ["RealFaces", "inner_lip_gap", "read_faces"]

DEPTH_FACTOR = 1.1
"""The depth of FaceMesh is about a tenth too flat."""
CHUNK = 2000


@dataclass(frozen=True, slots=True, eq=False)
class RealFaces:
    """Faces in the frame of the mean face."""

    nodes: np.ndarray
    """(n, N, 3) landmarks that the fit uses."""
    mirrored: np.ndarray
    """(n, N, 3) those of the mirrored faces."""
    person: np.ndarray
    """(n,) whose face it is; -1 if not known."""


def read_faces(path: Path, topology: Topology, largest_angle_deg: float) -> RealFaces:
    """Read faces and turn them to the front.

    Args:
        path: an .npz file with ``landmarks`` (n, K, 3): x and y in pixels, z away from the camera
            in the same unit, and ``person`` (n,), -1 for a face whose person is not known.
        topology: of the landmarks, with a mean face and mirror partners.
        largest_angle_deg: faces whose yaw or pitch is larger are left out.
    """
    with np.load(path) as file:
        landmarks, person = file["landmarks"], file["person"]
    mean = np.asarray(topology.mean_shape)
    nodes = node_indices(topology)
    plain, mirrored, kept = [], [], []
    for start in range(0, len(landmarks), CHUNK):
        points = landmarks[start : start + CHUNK].astype(np.float64)
        points[..., 2] *= DEPTH_FACTOR
        found, angles = _to_front(points, mean, nodes)
        keep = np.abs(angles).max(axis=1) < largest_angle_deg
        plain.append(found[keep][:, nodes])
        mirrored.append((found[keep][:, topology.mirror] * [-1, 1, 1])[:, nodes])
        kept.append(keep)
    return RealFaces(np.concatenate(plain), np.concatenate(mirrored), person[np.concatenate(kept)])


def inner_lip_gap(nodes: np.ndarray) -> np.ndarray:
    """Return (n,) the gap in the middle of the inner lips, in distances of the eye corners."""
    group = node_topology().group("inner_lips")
    half = group.count // 2
    steps = np.arange(half // 2 - 2, half // 2 + 3)
    lower, upper = group.start + steps, group.start + group.count - steps
    return (nodes[:, lower, 1] - nodes[:, upper, 1]).mean(axis=1)


def _to_front(
    points: np.ndarray, mean: np.ndarray, nodes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Lay the rigid landmarks over those of the mean face; return points and yaw, pitch (n, 2)."""
    rigid = nodes[rigid_nodes()]
    target = mean[rigid] - mean[rigid].mean(axis=0)
    center = points[:, rigid].mean(axis=1, keepdims=True)
    source = points[:, rigid] - center
    left, scales, right = np.linalg.svd(np.einsum("nki,kj->nij", source, target))
    handed = np.sign(np.linalg.det(left @ right))
    left[..., 2] *= handed[:, None]
    scales[:, 2] *= handed
    turn = left @ right
    scale = scales.sum(axis=1) / (source**2).sum(axis=(1, 2))
    found = scale[:, None, None] * ((points - center) @ turn) + mean[rigid].mean(axis=0)
    yaw = np.arcsin(np.clip(turn[:, 0, 2], -1, 1))
    pitch = np.arctan2(turn[:, 1, 2], turn[:, 2, 2])
    return found, np.degrees(np.stack([yaw, pitch], axis=1))
