"""The data set of face crops: square images, dense landmarks, the part inside the photo."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from kilomark.data.encoded_images import EncodedImages, read_encoded_images
from kilomark.data.label_arrays import (
    read_label_arrays,
    read_landmark_matrix,
    rows_of_split,
)
from kilomark.data.packed_images import PackedImages, read_packed_images, rows_of
from kilomark.errors import InvalidInputError
from kilomark.topology_file import read_topology

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kilomark.topology import Topology

__all__ = ["Decoding", "FaceCrops", "Split", "read_face_crops"]

Split = Literal["train", "val"]
Decoding = Literal["once", "always"]


_ATTRIBUTES = ("age", "race", "gender")
_ARRAYS = {
    "name": (), "split": (), "person": (), "vertices": (-1, 2), "pose": (3,), "valid": (4,),
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class FaceCrops:
    """Labeled face crops of one split.

    Attributes:
        images: all crops of the split's archives.
        rows: (N,) row of each face in ``images``.
        landmarks: (N, K, 2) float32 pixels of the crop.
        valid: (N, 4) float32, x0 y0 x1 y1 of the part of the crop that lies inside the photo.
        person: (N,) int.
        pose: (N, 3) float32, yaw, pitch and roll in degrees.
        source: (N,) str, where each photo comes from; empty where the data set does not say.
        topology: what the landmark indices mean.
        weight: (N,) float32, how much the labels of each face count in training; None if equally.
        attributes: (N,) str for each of ``age``, ``race`` and ``gender`` that the data set notes.
    """

    images: PackedImages | EncodedImages
    rows: np.ndarray[Any, Any]
    landmarks: np.ndarray[Any, Any]
    valid: np.ndarray[Any, Any]
    person: np.ndarray[Any, Any]
    pose: np.ndarray[Any, Any]
    source: np.ndarray[Any, Any]
    topology: Topology
    weight: np.ndarray[Any, Any] | None = None
    attributes: Mapping[str, np.ndarray[Any, Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def image(self, face: int) -> np.ndarray[Any, Any]:
        """Crop of ``face`` as (H, W, 3) uint8 RGB."""
        return self.images[int(self.rows[face])]

    def name(self, face: int) -> str:
        """Name of the photo of ``face``."""
        return self.images.names[int(self.rows[face])]

    def landmarks_of(self, face: int) -> np.ndarray[Any, Any]:
        """Landmarks (K, 2) float32 of ``face`` in pixels of its crop."""
        landmarks: np.ndarray[Any, Any] = self.landmarks[face]
        return landmarks

    def valid_part(self, face: int, image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:  # noqa: ARG002
        """Box x0, y0, x1, y1 of the part of its crop that lies inside the photo."""
        part: np.ndarray[Any, Any] = self.valid[face]
        return part


def read_face_crops(
    folder: Path,
    split: Split,
    cache_dir: Path | None = None,
    *,
    decoding: Decoding = "once",
) -> FaceCrops:
    """Read one split of a folder with ``labels.npz``, ``topology.json`` and ``<split>*.tar``.

    Args:
        folder: of the data set.
        split: which people.
        cache_dir: where decoded images are kept.
        decoding: ``once``, into the cache, or ``always`` when an image is asked for, which takes
            longer (a fifth more for an augmented sample) and no space.

    Raises:
        InvalidInputError: files of the data set are missing.
    """
    _check_files(folder)
    topology = read_topology(folder / "topology.json")
    path = folder / "labels.npz"
    labels = read_label_arrays(path, _ARRAYS)
    chosen = rows_of_split(labels, split, path)
    archives = sorted(folder.glob(f"{split}*.tar"))
    if not archives:
        raise InvalidInputError(f"no {split}*.tar in {folder}; expected archives of its images")
    images = (
        read_packed_images(archives, cache_dir)
        if decoding == "once"
        else read_encoded_images(archives)
    )
    return FaceCrops(
        images=images,
        rows=rows_of(images, labels["name"][chosen].tolist()),
        landmarks=_landmarks_of(labels["vertices"][chosen], folder, topology.num_landmarks),
        valid=labels["valid"][chosen].astype(np.float32) / 32,
        person=labels["person"][chosen],
        pose=labels["pose"][chosen].astype(np.float32),
        source=_sources_of(labels)[chosen],
        topology=topology,
        weight=_weight_of(labels, folder, chosen),
        attributes={
            name: np.asarray(labels[name][chosen], str) for name in _ATTRIBUTES if name in labels
        },
    )


def _check_files(folder: Path) -> None:
    for name in ("labels.npz", "topology.json", "vertices_to_landmarks.npz"):
        if not (folder / name).is_file():
            is_contest = (folder / "train" / "landmarks.csv").is_file()
            hint = ": this is the contest's layout, give it by --contest" if is_contest else ""
            raise InvalidInputError(
                f"no {name} in {folder}; expected a data set of face crops{hint}"
            )


def _weight_of(
    labels: Mapping[str, np.ndarray[Any, Any]], folder: Path, chosen: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any] | None:
    if "weight" not in labels:
        return None
    weight = labels["weight"].astype(np.float32)
    if weight.shape != labels["name"].shape or not ((weight >= 0) & (weight <= 1)).all():
        raise InvalidInputError(
            f"weight in {folder / 'labels.npz'} is not one number for each face; expected "
            f"({len(labels['name'])},) numbers from 0 to 1"
        )
    chosen_weight: np.ndarray[Any, Any] = weight[chosen]
    return chosen_weight


def _sources_of(labels: Mapping[str, np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    if "source" in labels:
        return np.asarray(labels["source"], str)
    return np.full(len(labels["name"]), "")


def _landmarks_of(
    vertices: np.ndarray[Any, Any], folder: Path, num_landmarks: int
) -> np.ndarray[Any, Any]:
    """(N, V, 2) int16 in 1/32 px -> (N, K, 2) float32 px, through the data set's fixed matrix."""
    matrix = read_landmark_matrix(folder, num_landmarks, vertices.shape[1])
    flat = vertices.astype(np.float32).transpose(1, 0, 2).reshape(vertices.shape[1], -1) / 32
    landmarks = (matrix @ flat).reshape(num_landmarks, -1, 2).transpose(1, 0, 2)
    return np.ascontiguousarray(landmarks)
