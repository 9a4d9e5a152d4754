"""From the 478 vertices of MediaPipe's face mesh to the 971 landmarks.

Each group of landmarks lies on a curve through a contour of the mesh: a uniform Catmull-Rom spline.
They stand at equal steps of its parameter, which runs by one from vertex to vertex. At t between
two vertices, with one more on either side (a, b, c, d), the spline is

    b + t / 2 (c - a + t (2a - 5b + 4c - d + t (3 (b - c) + d - a)))

A closed contour goes round; an open one repeats its ends. So a landmark is a fixed sum of at most
four vertices, and all of them are the product of one sparse matrix with the mesh.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

NUM_VERTICES = 478


@dataclass(frozen=True, slots=True)
class Contour:
    """A group of ``count`` landmarks on the curve through ``vertices``."""

    name: str
    count: int
    closed: bool
    vertices: tuple[int, ...]


# In the order of the landmarks; "left" and "right" are the subject's.
# fmt: off
CONTOURS = (
    Contour("face_oval", 200, True, (
        10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378,
        400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54,
        103, 67, 109
    )),
    Contour("right_brow", 64, True, (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)),
    Contour("left_brow", 64, True, (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)),
    Contour("right_eye", 96, True, (
        33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246
    )),
    Contour("left_eye", 96, True, (
        263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466
    )),
    Contour("right_iris", 32, True, (469, 470, 471, 472)),
    Contour("right_pupil", 1, False, (468,)),
    Contour("left_iris", 32, True, (474, 475, 476, 477)),
    Contour("left_pupil", 1, False, (473,)),
    Contour("nose_ridge", 61, False, (168, 6, 197, 195, 5, 4, 1, 19, 94, 2)),
    Contour("nose_wings", 84, False, (
        193, 122, 196, 236, 198, 209, 49, 64, 98, 97, 2, 326, 327, 294, 279, 429, 420,
        456, 419, 351, 417
    )),
    Contour("outer_lips", 128, True, (
        61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37,
        39, 40, 185
    )),
    Contour("inner_lips", 112, True, (
        78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82,
        81, 80, 191
    )),
)
# fmt: on


def landmark_matrix() -> Array:
    """The (971, 478) matrix whose product with the mesh's vertices (478, 2) is the landmarks."""
    matrix = np.zeros((sum(contour.count for contour in CONTOURS), NUM_VERTICES))
    row = 0
    for contour in CONTOURS:
        for position in _positions(contour):
            np.add.at(matrix[row], _neighbors(contour, int(position)), _weights(position % 1))
            row += 1
    return matrix


def _positions(contour: Contour) -> Array:
    """Where along the contour its landmarks stand, in vertices from the first."""
    if contour.closed:
        return np.arange(contour.count) * len(contour.vertices) / contour.count
    return np.linspace(0, len(contour.vertices) - 1, contour.count)


def _neighbors(contour: Contour, segment: int) -> list[int]:
    """The vertices that shape the curve from vertex ``segment`` on to the next."""
    places = np.arange(segment - 1, segment + 3)
    length = len(contour.vertices)
    places = places % length if contour.closed else places.clip(0, length - 1)
    return [contour.vertices[place] for place in places]


def _weights(t: float) -> Array:
    """What each of the four neighbors adds to the point at ``t`` between the middle two."""
    constant, linear = np.array([0, 1, 0, 0]), np.array([-1, 0, 1, 0])
    square, cube = np.array([2, -5, 4, -1]), np.array([-1, 3, -3, 1])
    return constant + t / 2 * (linear + t * (square + t * cube))
