"""Photos and crops that the finder's training images are composed of, with their faces."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = [
    "KEYPOINT_TEMPLATE",
    "FaceTable",
    "FinderSources",
    "FinderSourcesBuilder",
    "angles_of",
    "faces_of_landmarks",
    "no_faces",
    "upright_boxes",
]

Array = np.ndarray[Any, Any]

NONE, FACE, IGNORED, CARTOON = 0, 1, 2, 3
"""States of a face: none, to be found, not held against anybody, drawn and so to be left alone."""

KEYPOINT_TEMPLATE = np.array(
    [[-0.3561, -0.3858], [0.3561, -0.3858], [0.0, 0.0462], [-0.2915, 0.3627], [0.2915, 0.3627]]
)
"""Eyes, nose tip and corners of the mouth of an upright face, around their mean, of norm 1."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceTable:
    """Faces of many images, in the pixels of theirs.

    Attributes:
        center: (F, 2) of the box.
        extent: (F, 2) width and height of the landmarks' box in the frame of the upright face.
        angle_deg: (F,) by which the face is turned clockwise.
        keypoints: (F, 5, 2); anything where ``has_keypoints`` is False.
        has_keypoints: (F,) bool.
        state: (F,) int64.
    """

    center: Array
    extent: Array
    angle_deg: Array
    keypoints: Array
    has_keypoints: Array
    state: Array

    def __len__(self) -> int:
        return len(self.state)

    @property
    def boxes(self) -> Array:
        """Boxes (F, 4) x0, y0, x1, y1 of the upright faces."""
        return np.concatenate([self.center - self.extent / 2, self.center + self.extent / 2], 1)


@dataclass(slots=True, eq=False)
class FinderSources:
    """Images to compose from: image i is number i of an `ImageBank`.

    Attributes:
        valid: (N, 4) x0, y0, x1, y1 of each image's part that shows something.
        first_face: (N + 1,) the faces of image i are ``first_face[i]`` to ``first_face[i + 1]``.
        faces: of all images.
        pools: rows of the images of each kind.
    """

    valid: Array
    first_face: Array
    faces: FaceTable
    pools: dict[str, Array] = field(default_factory=dict)

    def states_of(self, kind: str) -> Array:
        """States (M,) of the faces of all images of a kind."""
        rows = self.pools.get(kind, np.zeros(0, np.int64))
        first, last = self.first_face[rows], self.first_face[rows + 1]
        chosen = [np.arange(begin, end) for begin, end in zip(first, last, strict=True)]
        return np.asarray(self.faces.state[np.concatenate([np.zeros(0, np.int64), *chosen])])


class FinderSourcesBuilder:
    """Collects the labels of images, in the order in which the images enter the bank."""

    def __init__(self) -> None:
        self._valid: list[Array] = []
        self._counts: list[Array] = []
        self._tables: list[FaceTable] = []
        self._pools: dict[str, list[Array]] = {}
        self._num_images = 0

    def add(self, kind: str, valid: Array, counts: Array, faces: FaceTable) -> None:
        """Add images of one kind: ``valid`` (M, 4), ``counts`` (M,) faces each, and the faces."""
        if int(counts.sum()) != len(faces):
            raise ValueError(f"{len(faces)} faces for images that hold {int(counts.sum())}")
        rows = self._num_images + np.arange(len(valid))
        self._pools.setdefault(kind, []).append(rows)
        self._num_images += len(valid)
        self._valid.append(valid.astype(np.float64))
        self._counts.append(counts)
        self._tables.append(faces)

    def finish(self) -> FinderSources:
        """Join what was added."""
        names = list(FaceTable.__dataclass_fields__)
        joined = [
            np.concatenate([getattr(table, name) for table in self._tables]) for name in names
        ]
        first = np.concatenate([[0], np.cumsum(np.concatenate(self._counts))]).astype(np.int64)
        pools = {kind: np.concatenate(rows) for kind, rows in self._pools.items()}
        return FinderSources(np.concatenate(self._valid), first, FaceTable(*joined), pools)


def no_faces() -> FaceTable:
    """Return a table without faces."""
    return FaceTable(
        np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0), np.zeros((0, 5, 2)),
        np.zeros(0, bool), np.zeros(0, np.int64),
    )  # fmt: skip


def angles_of(keypoints: Array) -> Array:
    """Angles (N,) in degrees by which faces are turned clockwise, from keypoints (N, 5, 2).

    The least squares fit of a similarity transform of `KEYPOINT_TEMPLATE`.
    """
    points = keypoints - keypoints.mean(1, keepdims=True)
    x, y = KEYPOINT_TEMPLATE.T
    cross = (x * points[..., 1] - y * points[..., 0]).sum(1)
    dot = (x * points[..., 0] + y * points[..., 1]).sum(1)
    return np.asarray(np.degrees(np.arctan2(cross, dot)))


def upright_boxes(landmarks: Array, angles_deg: Array) -> tuple[Array, Array]:
    """Centers (N, 2) and extents (N, 2) of landmarks (N, K, 2) in the frame of the upright face."""
    angle = np.radians(angles_deg)
    cosine, sine = np.cos(angle), np.sin(angle)
    back = np.stack([np.stack([cosine, sine], 1), np.stack([-sine, cosine], 1)], 1)  # (N, 2, 2)
    turned = np.einsum("nij,nkj->nki", back, landmarks)
    low, high = turned.min(1), turned.max(1)
    return np.einsum("nji,nj->ni", back, (low + high) / 2), high - low


def faces_of_landmarks(landmarks: Array, keypoints: Array, state: Array | int = FACE) -> FaceTable:
    """Make the faces of landmarks (N, K, 2) and keypoints (N, 5, 2)."""
    angles = angles_of(keypoints)
    center, extent = upright_boxes(landmarks, angles)
    count = len(landmarks)
    states = np.broadcast_to(np.asarray(state, np.int64), (count,)).copy()
    return FaceTable(center, extent, angles, keypoints, np.ones(count, bool), states)
