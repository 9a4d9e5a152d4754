"""The triangles of a labeled face, and the frame in which the head turns.

Vertices are those of MediaPipe's face mesh (Apache-2.0): 468 of the skin and 10 of the irises,
(478, 3) pixels, x to the right, y down, z away from the camera.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

__all__ = [
    "FACE_OVAL",
    "LEFT_EYE",
    "NUM_VERTICES",
    "RIGHT_EYE",
    "EyeVertices",
    "HeadFrame",
    "face_triangles",
    "head_frame",
    "pitch_deg",
    "yaw_deg",
]

Array = np.ndarray[Any, Any]

NUM_VERTICES = 478
FACE_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
CROWN, CHIN, RIGHT_TEMPLE, LEFT_TEMPLE = 10, 152, 234, 454


@dataclass(frozen=True, slots=True)
class EyeVertices:
    """Vertices of one eye; ``upper``, ``lower`` and ``crease`` pair up, corners left out."""

    corners: tuple[int, int]
    upper: tuple[int, ...]
    lower: tuple[int, ...]
    crease: tuple[int, ...]
    iris: tuple[int, ...]  # the first is the pupil


RIGHT_EYE = EyeVertices(
    corners=(33, 133),
    upper=(246, 161, 160, 159, 158, 157, 173),
    lower=(7, 163, 144, 145, 153, 154, 155),
    crease=(247, 30, 29, 27, 28, 56, 190),
    iris=(468, 469, 470, 471, 472),
)
LEFT_EYE = EyeVertices(
    corners=(263, 362),
    upper=(466, 388, 387, 386, 385, 384, 398),
    lower=(249, 390, 373, 374, 380, 381, 382),
    crease=(467, 260, 259, 257, 258, 286, 414),
    iris=(473, 474, 475, 476, 477),
)


@lru_cache(maxsize=1)
def face_triangles() -> tuple[Array, int]:
    """Triangles (T, 3) of the skin, then of eyes and mouth, and the number of the former."""
    with (files("kilomark.data") / "face_mesh.npz").open("rb") as file, np.load(file) as mesh:
        return mesh["triangles"].astype(np.int64), int(mesh["num_skin"])


@dataclass(frozen=True, slots=True, eq=False)
class HeadFrame:
    """Axes of a head, unit vectors in pixels of the image: ``side`` points to its left ear.

    Attributes:
        center: mean of the face's outline.
        side: from the right to the left temple.
        up: from the chin to the crown.
        forward: out of the face, towards the camera.
        width_px: distance of the temples in three dimensions.
    """

    center: Array
    side: Array
    up: Array
    forward: Array
    width_px: float


def head_frame(vertices: Array) -> HeadFrame:
    """Axes of a face that looks towards the camera, up to 90 degrees away from it."""
    up = vertices[CROWN] - vertices[CHIN]
    up = up / np.linalg.norm(up)
    side = vertices[LEFT_TEMPLE] - vertices[RIGHT_TEMPLE]
    width = float(np.linalg.norm(side))
    side = side - up * (side @ up)
    side = side / np.linalg.norm(side)
    forward = np.cross(side, up)  # y points down: this is out of the face
    if forward[2] > 0:
        forward = -forward
    return HeadFrame(vertices[list(FACE_OVAL)].mean(0), side, up, forward, width)


def yaw_deg(vertices: Array) -> float:
    """Yaw in degrees; above 0 the nose points to the right in the image."""
    forward = head_frame(vertices).forward
    return float(np.degrees(np.arctan2(forward[0], -forward[2])))


def pitch_deg(vertices: Array) -> float:
    """Pitch in degrees; above 0 the face looks up."""
    forward = head_frame(vertices).forward
    return float(np.degrees(np.arctan2(-forward[1], -forward[2])))
