"""Meshes of labeled faces, from which turned, blinking and dressed faces are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.data.face_mesh import NUM_VERTICES
from kilomark.data.label_arrays import read_landmark_matrix
from kilomark.data.profiling import Z_SCALE
from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark.data.face_crops import Split

__all__ = ["FaceMeshes", "has_depth", "read_face_meshes"]

Array = np.ndarray[Any, Any]

_UNITS_PER_PX = 32


@dataclass(frozen=True, slots=True, eq=False)
class FaceMeshes:
    """Meshes of the faces of one split, in the order of `FaceCrops`.

    Attributes:
        vertices: (N, 478, 3) float32 pixels of the crop; z away from the camera.
        has_depth: (N,) bool, whether z is known; it is 0 where it is not.
        to_landmarks: (K, 478) float32, landmarks = to_landmarks @ vertices.
    """

    vertices: Array
    has_depth: Array
    to_landmarks: Array

    def landmarks_of(self, vertices: Array) -> Array:
        """Landmarks (K, 3) of vertices (478, 3)."""
        landmarks: Array = self.to_landmarks @ vertices
        return landmarks

    def hidden_share(self, visible: Array) -> Array:
        """How far each landmark (K,) depends on hidden vertices: 0 to 1."""
        absolute = np.abs(self.to_landmarks)
        share: Array = absolute @ (1.0 - visible) / absolute.sum(1)
        return share.astype(np.float32)


def read_face_meshes(folder: Path, split: Split) -> FaceMeshes:
    """Read the meshes of a data set of face crops.

    Depth is ``depth`` (N, 478) int16 in 1/32 px of ``labels.npz``, or the file ``depth.npz`` beside
    it: ``mean`` (478,), ``basis`` (C, 478), ``coefficients`` (N, C), ``known`` (N,). An array
    ``depth_known`` (N,) of ``labels.npz`` says the same of the former. Depth is
    multiplied by `profiling.Z_SCALE`.

    Raises:
        InvalidInputError: the labels hold no depth, or are not of MediaPipe's 478 vertices.
    """
    labels = np.load(folder / "labels.npz")
    chosen = np.flatnonzero(labels["split"] == split)
    flat = labels["vertices"][chosen].astype(np.float32) / _UNITS_PER_PX
    if flat.shape[1:] != (NUM_VERTICES, 2):
        raise InvalidInputError(
            f"the vertices in {folder / 'labels.npz'} are {flat.shape[1:]}; expected "
            f"({NUM_VERTICES}, 2), MediaPipe's: other faces cannot be turned or dressed"
        )
    depth, known = _depth_of(folder, labels, chosen)
    return FaceMeshes(
        vertices=np.concatenate([flat, Z_SCALE * depth[..., None]], 2),
        has_depth=known,
        to_landmarks=read_landmark_matrix(folder, None, NUM_VERTICES),
    )


def has_depth(folder: Path) -> bool:
    """Whether a data set of face crops has labels of depth."""
    with np.load(folder / "labels.npz") as labels:
        return "depth" in labels.files or (folder / "depth.npz").is_file()


def _depth_of(folder: Path, labels: np.lib.npyio.NpzFile, chosen: Array) -> tuple[Array, Array]:
    if "depth" in labels.files:
        depth = labels["depth"][chosen].astype(np.float32) / _UNITS_PER_PX
        if "depth_known" in labels.files:
            return depth, labels["depth_known"][chosen].astype(bool)
        return depth, np.ones(len(chosen), bool)
    path = folder / "depth.npz"
    if not path.is_file():
        raise InvalidInputError(
            f"no depth in {folder}; expected 'depth' in labels.npz, or depth.npz beside it: train "
            "without turned faces, closed eyes and clothes"
        )
    stored = np.load(path)
    if not np.array_equal(stored["name"], labels["name"]):
        raise InvalidInputError(
            f"{path} describes other faces than labels.npz; expected the same names"
        )
    coefficients = stored["coefficients"][chosen].astype(np.float32)
    depth = stored["mean"] + coefficients @ stored["basis"].astype(np.float32)
    known = stored["known"][chosen]
    return np.where(known[:, None], depth, 0), known
