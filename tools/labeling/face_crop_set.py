"""Labeled faces written as a data set of face crops, alone or together with another one."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from kilomark.data.geometry import apply_map, corners_of, crop_map, warp
from kilomark.data.label_arrays import read_landmark_matrix
from kilomark.data.landmark_samples import crop_square
from kilomark.errors import InvalidInputError
from kilomark.topology_file import read_topology, write_topology

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kilomark.topology import Topology

__all__ = ["FaceCropSet"]

Array = np.ndarray[Any, Any]

CROP_SCALE = 1.6
LARGEST_PX, JPEG_QUALITY = 256, 95
UNITS_PER_PX = 32
VALIDATION_EVERY = 10  # of a data set of its own
ARCHIVE = "labeled-0.tar"
LEAST_STRENGTH = 1e-3  # of a combination of vertices over the strongest: others are noise


@dataclass(slots=True, eq=False)
class FaceCropSet:
    """Collects labeled faces and writes them.

    Args:
        folder: new or empty.
        base: a data set of face crops that the faces are added to, or None.
        topology: of the labels.

    Raises:
        FileExistsError: the folder holds something.
        InvalidInputError: ``base`` is no data set, or of other landmarks.
    """

    folder: Path
    base: Path | None
    topology: Topology
    _rows: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if any(self.folder.iterdir()):
            raise FileExistsError(f"{self.folder} is not empty: name a new folder")
        if self.base is None:
            return
        for name in ("labels.npz", "topology.json", "vertices_to_landmarks.npz"):
            if not (self.base / name).is_file():
                raise InvalidInputError(
                    f"no {name} in {self.base}; expected a data set of face crops"
                )
        count = read_topology(self.base / "topology.json").num_landmarks
        if count != self.topology.num_landmarks:
            raise InvalidInputError(
                f"{self.base} has {count} landmarks and the bundle {self.topology.num_landmarks}; "
                "expected equal numbers"
            )

    def add(self, image: Array, landmarks: Array, weight: float, yaw_deg: float) -> str:
        """Cut a labeled face out; its name in the data set."""
        center, side = crop_square(landmarks, CROP_SCALE)
        size = int(min(max(round(side), 16), LARGEST_PX))
        affine = crop_map(center, side, size)
        outline = np.array([0, 0, image.shape[1], image.shape[0]], np.float64)
        valid = apply_map(affine, corners_of(outline))
        crop = warp(image, affine, (size, size))
        _, data = cv2.imencode(".jpg", crop[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        name = f"labeled-{len(self._rows):06d}"
        self._rows.append(
            {
                "name": name,
                "jpeg": data.tobytes(),
                "landmarks": apply_map(affine, landmarks),
                "valid": np.clip(np.concatenate([valid[0], valid[2]]), 0, size),
                "weight": weight,
                "pose": (yaw_deg, 0, 0),
            }
        )
        return name

    def write(self) -> float:
        """Write the data set; the RMS in pixels by which its vertices miss the labels."""
        matrix = self._copy_base()
        landmarks = np.stack([row["landmarks"] for row in self._rows])
        vertices = _vertices_of(landmarks, matrix)
        apart = _product(matrix, vertices) - landmarks
        missed = float(np.sqrt(np.square(apart).sum(-1).mean()))
        new = {
            "name": np.array([row["name"] for row in self._rows]),
            "split": self._splits(),
            "person": np.arange(len(self._rows)),
            "source": np.array(["labeled by agreement"] * len(self._rows)),
            "vertices": np.round(vertices * UNITS_PER_PX).astype(np.int16),
            "pose": np.array([row["pose"] for row in self._rows], np.float16),
            "valid": np.round(np.stack([row["valid"] for row in self._rows]) * UNITS_PER_PX).astype(
                np.int16
            ),
            "weight": np.array([row["weight"] for row in self._rows], np.float32),
        }
        old = {} if self.base is None else dict(np.load(self.base / "labels.npz"))
        np.savez(self.folder / "labels.npz", **(_joined(old, new) if old else new))
        self._write_archives(new["split"])
        return missed

    def _splits(self) -> Array:
        is_val = np.arange(len(self._rows)) % VALIDATION_EVERY == VALIDATION_EVERY - 1
        return np.where(is_val & (self.base is None), "val", "train")

    def _copy_base(self) -> Array:
        """Link the other data set's files; the matrix from vertices to landmarks."""
        count = self.topology.num_landmarks
        if self.base is None:
            write_topology(self.folder / "topology.json", self.topology)
            index = np.arange(count)
            np.savez(
                self.folder / "vertices_to_landmarks.npz",
                row=index, col=index, weight=np.ones(count, np.float32),
            )  # fmt: skip
            return np.eye(count)
        for path in sorted(self.base.glob("*.tar")):
            _link(path, self.folder / path.name)
        for name in ("topology.json", "vertices_to_landmarks.npz"):
            shutil.copy(self.base / name, self.folder / name)
        if (self.base / "depth.npz").is_file():
            self._extend_depth(dict(np.load(self.base / "depth.npz")))
        width = np.load(self.base / "labels.npz")["vertices"].shape[1]
        return read_landmark_matrix(self.base, count, width).astype(np.float64)

    def _extend_depth(self, depth: dict[str, Array]) -> None:
        count = len(self._rows)
        names = np.array([row["name"] for row in self._rows])
        depth["name"] = np.concatenate([depth["name"], names])
        for key in ("coefficients", "known"):
            empty = np.zeros((count, *depth[key].shape[1:]), depth[key].dtype)
            depth[key] = np.concatenate([depth[key], empty])
        np.savez(self.folder / "depth.npz", **depth)

    def _write_archives(self, splits: Array) -> None:
        for split in sorted(set(splits.tolist())):
            with tarfile.open(self.folder / f"{split}-{ARCHIVE}", "w") as tar:
                for row, own in zip(self._rows, splits, strict=True):
                    if own == split:
                        member = tarfile.TarInfo(f"{row['name']}.jpg")
                        member.size = len(row["jpeg"])
                        tar.addfile(member, io.BytesIO(row["jpeg"]))


def _vertices_of(landmarks: Array, matrix: Array) -> Array:
    """Vertices (N, V, 2) whose landmarks are nearest to these (N, K, 2)."""
    middle = landmarks.mean(1, keepdims=True)
    inverse = np.linalg.pinv(matrix, rcond=LEAST_STRENGTH)
    vertices: Array = middle + _product(inverse, landmarks - middle)
    return vertices


def _product(matrix: Array, points: Array) -> Array:
    """Matrix (A, B) times points (N, B, 2), as one product of matrices: (N, A, 2)."""
    flat = matrix @ points.transpose(1, 0, 2).reshape(points.shape[1], -1)
    product: Array = flat.reshape(len(matrix), -1, 2).transpose(1, 0, 2)
    return product


def _joined(old: Mapping[str, Array], new: Mapping[str, Array]) -> dict[str, Array]:
    """Rows of both; what only one of them has is filled up."""
    count_old, count_new = len(old["name"]), len(new["name"])
    joined = {}
    for key in sorted(set(old) | set(new)):
        before, after = old.get(key), new.get(key)
        if before is None:
            assert after is not None
            fill = 1 if key == "weight" else np.zeros((), after.dtype)
            before = np.full((count_old, *after.shape[1:]), fill, after.dtype)
        if after is None:
            after = np.zeros((count_new, *before.shape[1:]), before.dtype)
        elif key == "person":
            after = after + before.max() + 1
        joined[key] = np.concatenate([before, after])
    if "depth" in old:
        known = old.get("depth_known", np.ones(count_old, bool))
        joined["depth_known"] = np.concatenate([known, np.zeros(count_new, bool)])
    return joined


def _link(path: Path, link: Path) -> None:
    try:
        os.link(path.resolve(), link)
    except OSError:  # another file system
        shutil.copy(path, link)
