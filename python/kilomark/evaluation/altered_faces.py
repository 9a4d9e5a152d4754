"""Landmark bundles on altered validation photos: turned, blinking, masked and in low light.

The labels of such photos are exact, since the photos were made from labeled ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.data.alterations import repeat_border
from kilomark.data.dressing import MASKS, dress_face
from kilomark.data.face_mesh import yaw_deg
from kilomark.data.geometry import box_of
from kilomark.data.photometry import dim
from kilomark.data.profiling import choose_turn, profile_face
from kilomark.evaluation.metrics import box_errors
from kilomark.evaluation.slices import eye_opening

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kilomark.data.face_crops import FaceCrops
    from kilomark.data.face_meshes import FaceMeshes

__all__ = ["AlteredAccuracy", "Blinks", "measure_altered"]

Array = np.ndarray[Any, Any]

YAW_EDGES_DEG = (0, 20, 40, 60, 90)
CLOSINGS = (0.0, 0.35, 0.7, 1.0)


@dataclass(frozen=True, slots=True)
class Blinks:
    """How closing eyes are followed.

    Attributes:
        slope: of the predicted opening against the label's; 1 follows, 0 does not move.
        correlation: of the two.
        closed_percent: predicted opening of closed eyes, in percent of the same eyes open.
    """

    slope: float
    correlation: float
    closed_percent: float


@dataclass(frozen=True, slots=True)
class AlteredAccuracy:
    """Errors over the square root of the box's area, in percent, and what lids do.

    Attributes:
        by_yaw: error of turned photos, by the range of their yaw in degrees.
        masked: error of photos with a mask drawn.
        dark: error of darkened photos.
        plain: error of the same photos as they are.
        blinks: None where the landmarks have no eyes.
    """

    by_yaw: dict[str, float]
    masked: float
    dark: float
    plain: float
    blinks: Blinks | None


def measure_altered(
    predict: Callable[[Array, Array], Array],
    faces: FaceCrops,
    meshes: FaceMeshes,
    rows: Sequence[int],
    *,
    seed: int = 0,
) -> AlteredAccuracy:
    """Alter photos and measure a network on them.

    Args:
        predict: takes an image (H, W, 3) uint8 RGB and a box (4,) and returns landmarks (K, 2).
        faces: a validation split.
        meshes: its meshes.
        rows: faces to alter; those without depth are left out.
        seed: of turns, masks and darkness.
    """
    rng = np.random.default_rng(seed)
    errors: dict[str, list[float]] = {name: [] for name in ("plain", "masked", "dark")}
    turned: list[tuple[float, float]] = []
    openings: list[tuple[list[float], list[float]]] = []
    for row in rows:
        if not meshes.has_depth[row]:
            continue
        image = repeat_border(faces.image(row), faces.valid[row])
        vertices = meshes.vertices[row]

        def error(photo: Array, shape: Array) -> float:
            target = meshes.landmarks_of(shape)[:, :2]
            said = predict(photo, box_of(target).astype(np.float32))
            return float(box_errors(said[None], target[None])[0])

        mask = MASKS[int(rng.integers(len(MASKS)))]
        errors["plain"].append(error(image, vertices))
        errors["masked"].append(error(dress_face(image, vertices, rng, garment=mask), vertices))
        errors["dark"].append(error(dim(image, rng), vertices))
        yaw, pitch = choose_turn(vertices, rng)
        photo, shape, _ = profile_face(image, vertices, yaw_deg=yaw, pitch_deg=pitch)
        turned.append((abs(yaw_deg(shape)), error(photo, shape)))
        if {"right_eye", "left_eye"} <= set(faces.topology.groups):
            openings.append(_openings(predict, faces, meshes, image, vertices))
    angles, apart = np.array(turned).reshape(-1, 2).T
    by_yaw = {
        f"{low} to {high}": float(apart[chosen].mean())
        for low, high in pairwise(YAW_EDGES_DEG)
        if (chosen := (angles >= low) & (angles < high)).any()
    }
    means = {name: float(np.mean(values)) for name, values in errors.items()}
    return AlteredAccuracy(by_yaw, **means, blinks=_blinks(openings))


def _openings(
    predict: Callable[[Array, Array], Array],
    faces: FaceCrops,
    meshes: FaceMeshes,
    image: Array,
    vertices: Array,
) -> tuple[list[float], list[float]]:
    """Predicted and labeled opening of both eyes at each of `CLOSINGS`."""
    said: list[float] = []
    meant: list[float] = []
    for amount in CLOSINGS:
        photo, shape, _ = profile_face(image, vertices, closing=(amount, amount))
        target = meshes.landmarks_of(shape)[:, :2]
        found = predict(photo, box_of(target).astype(np.float32))
        for landmarks, into in ((found, said), (target, meant)):
            eyes = (faces.topology.groups[name] for name in ("right_eye", "left_eye"))
            gaps = [eye_opening(landmarks[None], eye.start, eye.count)[0] for eye in eyes]
            into.append(float(np.mean(gaps)))
    return said, meant


def _blinks(openings: list[tuple[list[float], list[float]]]) -> Blinks | None:
    if not openings:
        return None
    said, meant = np.array(openings).transpose(1, 0, 2)
    slope = float(np.polyfit(meant.ravel(), said.ravel(), 1)[0])
    correlation = float(np.corrcoef(meant.ravel(), said.ravel())[0, 1])
    return Blinks(slope, correlation, float(100 * (said[:, -1] / said[:, 0]).mean()))
