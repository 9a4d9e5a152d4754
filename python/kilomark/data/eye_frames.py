"""Which landmarks an eye has, where its crop lies, and how open it is.

The crop is the runtime's, `cpp/src/eye_placing.cpp`: around the middle of the corners, upright by
them, 1.92 times as wide as the wider eye. Left eyes are mirrored, so the outer corner
is always to the left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.errors import InvalidInputError
from kilomark.topology import LandmarkGroup, Topology

if TYPE_CHECKING:
    from kilomark.data.labeled_faces import LabeledFaces

__all__ = [
    "EyeIndices",
    "EyesOfFaces",
    "eye_indices",
    "eye_map",
    "eye_widths",
    "lid_gaps",
    "lid_openings",
    "read_eyes_of_faces",
]

Array = np.ndarray[Any, Any]

_PARTS = ("eye", "iris", "pupil")
_FEWEST_LID_LANDMARKS = 6


@dataclass(frozen=True, slots=True, eq=False)
class EyeIndices:
    """The landmarks of both eyes among those of a face, lids first.

    Attributes:
        right, left: (K,) each; landmark k of the one is the mirror image of that of the other.
        num_lid: how many of them are the contour of the lids: from the outer corner along the
            lower lid to the inner one, and back along the upper lid.
        topology: of a right eye alone.
    """

    right: Array
    left: Array
    num_lid: int
    topology: Topology

    def of_side(self, is_left: bool) -> Array:
        """Landmarks (K,) of one eye."""
        return self.left if is_left else self.right


def eye_indices(topology: Topology) -> EyeIndices:
    """Find lids, irises and pupils by the names of their groups.

    Raises:
        InvalidInputError: the landmarks have no lids or no mirror.
    """
    groups = [
        topology.groups[name] for part in _PARTS if (name := f"right_{part}") in topology.groups
    ]
    lids = topology.groups.get("right_eye")
    if topology.mirror is None or lids is None or lids.count < _FEWEST_LID_LANDMARKS:
        raise InvalidInputError(
            "the eye network learns the group 'right_eye' and its mirror image; expected "
            f"a topology with a mirror and a closed group 'right_eye' of at least "
            f"{_FEWEST_LID_LANDMARKS} landmarks, from the outer corner round to it"
        )
    right = np.concatenate([np.arange(group.start, group.start + group.count) for group in groups])
    own, start = {}, 0
    for group in groups:
        own[group.name] = LandmarkGroup(group.name, start, group.count, group.closed)
        start += group.count
    return EyeIndices(right, topology.mirror[right], lids.count, Topology(len(right), own))


def eye_widths(landmarks: Array, eyes: EyeIndices) -> Array:
    """(2,) distance of the corners of the right and the left eye, from (K, 2) of a face."""
    corners = np.stack([side[[0, eyes.num_lid // 2]] for side in (eyes.right, eyes.left)])
    widths: Array = np.linalg.norm(landmarks[corners[:, 0]] - landmarks[corners[:, 1]], axis=-1)
    return widths


def eye_map(
    landmarks: Array, eyes: EyeIndices, is_left: bool, px_per_eye: float, size: tuple[int, int]
) -> Array:
    """Map the image to a patch around an eye: (2, 3), as in `kilomark.data.geometry`.

    Args:
        landmarks: (K, 2) of the face, in pixels of the image.
        eyes: which of them are eyes.
        is_left: which eye.
        px_per_eye: pixels of the patch for the width of the face's wider eye.
        size: width and height of the patch.
    """
    side = eyes.of_side(is_left)
    outer, inner = landmarks[side[0]], landmarks[side[eyes.num_lid // 2]]
    along = (inner - outer) / max(float(np.linalg.norm(inner - outer)), 1e-3)
    down = np.array([along[1], -along[0]] if is_left else [-along[1], along[0]])
    scale = px_per_eye / max(float(eye_widths(landmarks, eyes).max()), 1e-3)
    turned = scale * np.stack([along, down])
    shift = np.array(size) / 2 - turned @ ((outer + inner) / 2)
    return np.concatenate([turned, shift[:, None]], 1)


def lid_openings(landmarks: Array, num_lid: int) -> Array:
    """(N,) mean distance of the lids over the width of the eye, from (N, K, 2) of an eye."""
    half = num_lid // 2
    edge = max(half // 4, 1)
    inner = np.arange(edge, half - edge + 1)
    apart = landmarks[:, inner] - landmarks[:, num_lid - inner]
    openings: Array = np.linalg.norm(apart, axis=-1).mean(1) / _width(landmarks, num_lid)
    return openings


def lid_gaps(landmarks: Array, num_lid: int) -> Array:
    """(N,) distance of the lids across the eye at its middle, over its width.

    Unlike `lid_openings`, lids that cross or slide along each other leave no gap.
    """
    half = num_lid // 2
    edge = max(round(0.42 * half), 1)
    middle = np.arange(edge, half - edge + 1)
    axis = landmarks[:, half] - landmarks[:, 0]
    apart = landmarks[:, middle] - landmarks[:, num_lid - middle]
    across = apart[..., 0] * axis[:, None, 1] - apart[..., 1] * axis[:, None, 0]
    gaps: Array = np.abs(across).mean(1) / _width(landmarks, num_lid) ** 2
    return gaps


def _drop(landmarks: Array, num_lid: int) -> float:
    """How much lower in the image the first half of the contours (N, K, 2) lies, in pixels."""
    lower = np.arange(1, num_lid // 2)
    return float((landmarks[:, lower, 1] - landmarks[:, num_lid - lower, 1]).mean())


def _width(landmarks: Array, num_lid: int) -> Array:
    widths: Array = np.linalg.norm(landmarks[:, num_lid // 2] - landmarks[:, 0], axis=-1)
    return np.maximum(widths, 1e-3)


@dataclass(frozen=True, slots=True, eq=False)
class EyesOfFaces:
    """Both eyes of all faces of a data set, one row an eye.

    Attributes:
        faces: the data set.
        indices: which landmarks are eyes.
        face: (M,) the face of each eye.
        is_left: (M,) bool.
        opening: (M,) `lid_openings` of the label.
        relative_width: (M,) width over that of the face's wider eye: small where it is turned away.
    """

    faces: LabeledFaces
    indices: EyeIndices
    face: Array
    is_left: Array
    opening: Array
    relative_width: Array

    def __len__(self) -> int:
        return len(self.face)


def read_eyes_of_faces(faces: LabeledFaces) -> EyesOfFaces:
    """List the eyes of a data set.

    Raises:
        InvalidInputError: its landmarks have no lids or no mirror.
    """
    eyes = eye_indices(faces.topology)
    openings, widths, drops = [], [], []
    for face in range(len(faces)):
        landmarks = faces.landmarks_of(face)
        both = np.stack([landmarks[eyes.right], landmarks[eyes.left]])
        drops.append(_drop(both, eyes.num_lid))
        openings.append(lid_openings(both, eyes.num_lid))
        widths.append(eye_widths(landmarks, eyes))
    if np.mean(drops) < 0:
        raise InvalidInputError(
            "the group 'right_eye' runs from the outer corner along the upper lid; expected the "
            "lower lid first: renumber the landmarks"
        )
    width = np.stack(widths)
    return EyesOfFaces(
        faces,
        eyes,
        face=np.repeat(np.arange(len(faces)), 2),
        is_left=np.tile([False, True], len(faces)),
        opening=np.stack(openings).ravel(),
        relative_width=(width / np.maximum(width.max(1, keepdims=True), 1e-3)).ravel(),
    )
