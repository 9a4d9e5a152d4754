"""Measuring an eye network as the runtime runs it, with the landmarks of a face network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.data.alterations import repeat_border
from kilomark.data.eye_frames import EyeIndices, lid_gaps, read_eyes_of_faces
from kilomark.data.geometry import box_of
from kilomark.data.profiling import profile_face
from kilomark.detector import Detector
from kilomark.errors import InvalidInputError
from kilomark.evaluation.figures import to_bgr

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark.data.eye_frames import EyesOfFaces
    from kilomark.data.face_crops import FaceCrops
    from kilomark.data.face_meshes import FaceMeshes
    from kilomark.data.labeled_faces import LabeledFaces

__all__ = ["DEFAULT_FACE_NETWORK", "eye_figures", "measure_drawn_eyes", "measure_eyes"]

Array = np.ndarray[Any, Any]

DEFAULT_FACE_NETWORK = "lite"
FACING = 0.8  # of the wider eye: eyes at least as wide are measured
OPEN, SHUT = 0.22, 0.12  # openings of labels
_DRAWN_FACES = 80


def measure_eyes(
    bundle: str | Path, faces: LabeledFaces, *, landmarks: str | Path = DEFAULT_FACE_NETWORK
) -> dict[str, float]:
    """Place the landmarks of faces with an eye network and without, in the labels' boxes.

    Args:
        bundle: the eye network.
        faces: a validation split.
        landmarks: network of the faces.

    Returns:
        `eye_figures` and ``eyes_nme_percent`` and ``nme_percent``: error of the eyes' and of all
        landmarks over the distance of the outer eye corners. The same with the prefix
        ``without_``, of the landmark network alone.

    Raises:
        BundleError: a bundle is missing or damaged, or they do not fit.
        InvalidInputError: the faces have other landmarks than the network, or no lids.
    """
    eyes = read_eyes_of_faces(faces)
    with_eyes = Detector(landmarks, finder=None, blend=False, eyes=bundle)
    without = Detector(landmarks, finder=None, blend=False, eyes=False)
    if faces.topology.num_landmarks != without.topology.num_landmarks:
        raise InvalidInputError(
            f"the faces have {faces.topology.num_landmarks} landmarks and {landmarks} "
            f"{without.topology.num_landmarks}; expected equal numbers: name a network of these "
            "landmarks by --landmarks"
        )
    labeled = np.stack([faces.landmarks_of(face) for face in range(len(faces))])
    figures = _figures(_placed(with_eyes, faces, labeled), labeled, eyes)
    alone = _figures(_placed(without, faces, labeled), labeled, eyes)
    alone.pop("labeled_shut_gap_percent", None)
    return figures | {f"without_{name}": value for name, value in alone.items()}


def measure_drawn_eyes(
    bundle: str | Path,
    faces: FaceCrops,
    meshes: FaceMeshes,
    *,
    landmarks: str | Path = DEFAULT_FACE_NETWORK,
) -> dict[str, float]:
    """Close the eyes of some photos along the face mesh.

    Returns:
        ``drawn_shut_gap_percent``: the gap of the closed lids in percent of the same eyes' open,
        both eyes' mean, median over 80 faces; and the same with ``without_``.
    """
    rows = np.flatnonzero(meshes.has_depth)
    rows = rows[np.linspace(0, len(rows) - 1, min(_DRAWN_FACES, len(rows))).astype(int)]
    eyes = read_eyes_of_faces(faces).indices
    figures = {}
    for prefix, used in (("", bundle), ("without_", False)):
        detector = Detector(landmarks, finder=None, blend=False, eyes=used)
        shares = [_drawn_share(detector, faces, meshes, int(row), eyes) for row in rows]
        figures[f"{prefix}drawn_shut_gap_percent"] = float(100 * np.median(shares))
    return figures


def _drawn_share(
    detector: Detector, faces: FaceCrops, meshes: FaceMeshes, row: int, eyes: EyeIndices
) -> float:
    image, vertices = repeat_border(faces.image(row), faces.valid[row]), meshes.vertices[row]
    gaps = []
    for amount in (0.0, 1.0):
        photo, shape, _ = profile_face(image, vertices, closing=(amount, amount))
        box = box_of(meshes.landmarks_of(shape)[:, :2])
        found = detector.predict(to_bgr(photo), boxes=box)[0].landmarks
        gaps.append(lid_gaps(found[np.stack([eyes.right, eyes.left])], eyes.num_lid).mean())
    return float(gaps[1] / max(gaps[0], 1e-6))


def _placed(detector: Detector, faces: LabeledFaces, labeled: Array) -> Array:
    found = [
        detector.predict(to_bgr(faces.image(face)), boxes=box_of(labeled[face]))[0].landmarks
        for face in range(len(faces))
    ]
    return np.stack(found)


def _figures(found: Array, labeled: Array, eyes: EyesOfFaces) -> dict[str, float]:
    both = np.stack([eyes.indices.right, eyes.indices.left])
    facing = eyes.relative_width >= FACING
    figures = eye_figures(
        found[:, both].reshape(-1, both.shape[1], 2)[facing],
        labeled[:, both].reshape(-1, both.shape[1], 2)[facing],
        eyes.opening[facing],
        eyes.indices.num_lid,
    )
    corners = np.linalg.norm(labeled[:, both[0, 0]] - labeled[:, both[1, 0]], axis=-1)
    errors = np.linalg.norm(found - labeled, axis=-1) / np.maximum(corners, 1e-3)[:, None]
    return figures | {
        "eyes_nme_percent": float(100 * errors[:, both.ravel()].mean()),
        "nme_percent": float(100 * errors.mean()),
    }


def eye_figures(found: Array, labeled: Array, opening: Array, num_lid: int) -> dict[str, float]:
    """Compare (N, K, 2) landmarks of single eyes with their labels.

    Returns:
        ``error_percent``, the mean error over the width of the eye. Where there are shut eyes
        (labeled ``opening`` below 0.12), also ``shut_error_percent``. With open ones (0.22 and
        more), also ``shut_gap_percent``, the mean gap of the shut ones' lids in percent of the open
        ones', and ``labeled_shut_gap_percent``, the labels'.
    """
    width = np.linalg.norm(labeled[:, num_lid // 2] - labeled[:, 0], axis=-1)
    errors = 100 * np.linalg.norm(found - labeled, axis=-1).mean(1) / width
    figures = {"error_percent": float(errors.mean())}
    is_shut, is_open = opening < SHUT, opening >= OPEN
    if is_shut.any():
        figures["shut_error_percent"] = float(errors[is_shut].mean())
    if is_shut.any() and is_open.any():
        for name, landmarks in (("", found), ("labeled_", labeled)):
            gaps = lid_gaps(landmarks, num_lid)
            share = 100 * gaps[is_shut].mean() / gaps[is_open].mean()
            figures[f"{name}shut_gap_percent"] = float(share)
    return figures
