"""Pictures of a face with known expressions: the photo, warped by the displacement fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from kilomark.faces import Face

__all__ = ["warp_face"]

ANCHORS = 12
"""Fixed points on each side of the frame around the face."""
MARGIN = 0.6
"""Of the face's box, between the box and the fixed frame."""
LEAST_OPENED = 0.1
"""Share of the gap of the lips that is new, from which the mouth is painted."""
DARK = (25, 20, 35)
"""Blue, green and red of the inside of an open mouth."""


def warp_face(image: np.ndarray, face: Face, moved: np.ndarray) -> np.ndarray:
    """Return the picture in which the landmarks of a face have moved.

    Displacements between landmarks are those of a thin-plate spline. Where the lips part further
    than in the photo, the inside of the mouth is painted dark.

    Args:
        image: (H, W, 3) uint8, BGR.
        face: in the image.
        moved: (K, 2) where its landmarks go, in pixels.
    """
    places, origins = _control_points(face, moved)
    height, width = image.shape[:2]
    x0, y0, x1, y1 = _frame(face, width, height)
    grid_y, grid_x = np.mgrid[y0:y1, x0:x1].astype(np.float64)
    step = 4  # the spline is smooth: a coarse grid, enlarged, is as good
    coarse = np.stack([grid_x[::step, ::step].ravel(), grid_y[::step, ::step].ravel()], axis=1)
    shift = _spline(places, origins - places, coarse)
    size = grid_x[::step, ::step].shape
    rows = ((grid_y - y0) / step).astype(np.float32)
    columns = ((grid_x - x0) / step).astype(np.float32)
    full = [
        cv2.remap(
            shift[:, axis].reshape(size).astype(np.float32),
            columns,
            rows,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        for axis in (0, 1)
    ]
    out = image.copy()
    out[y0:y1, x0:x1] = cv2.remap(
        image,
        (grid_x + full[0]).astype(np.float32),
        (grid_y + full[1]).astype(np.float32),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return _with_open_mouth(out, face, moved)


def _frame(face: Face, width: int, height: int) -> tuple[int, int, int, int]:
    low, high = face.landmarks.min(axis=0), face.landmarks.max(axis=0)
    margin = MARGIN * (high - low)
    x0, y0 = np.maximum(low - margin, 0).astype(int)
    x1, y1 = np.minimum(high + margin, (width, height)).astype(int)
    return int(x0), int(y0), int(x1), int(y1)


def _control_points(face: Face, moved: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where control points go and come from: every fourth landmark, and a fixed frame."""
    chosen = np.arange(0, len(moved), 4)
    low, high = face.landmarks.min(axis=0), face.landmarks.max(axis=0)
    margin = MARGIN * (high - low)
    along = np.linspace(0, 1, ANCHORS)[:, None]
    left, right = low - margin, high + margin
    corners = np.array([left, [right[0], left[1]], right, [left[0], right[1]]])
    sides = [
        a + along * (b - a) for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)
    ]
    frame = np.concatenate([side[:-1] for side in sides])
    return (
        np.concatenate([moved[chosen], frame]),
        np.concatenate([face.landmarks[chosen].astype(np.float64), frame]),
    )


def _spline(places: np.ndarray, values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Interpolate values (n, 2) given at places (n, 2) by a thin-plate spline."""
    count = len(places)
    linear = np.column_stack([np.ones(count), places])
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _kernel(places, places) + 1.0 * np.eye(count)
    system[:count, count:], system[count:, :count] = linear, linear.T
    weights = np.linalg.solve(system, np.vstack([values, np.zeros((3, 2))]))
    return (
        _kernel(at, places) @ weights[:count]
        + np.column_stack([np.ones(len(at)), at]) @ weights[count:]
    )


def _kernel(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    squared = ((one[:, None] - other[None]) ** 2).sum(axis=2)
    return 0.5 * squared * np.log(np.maximum(squared, 1e-9))


def _with_open_mouth(image: np.ndarray, face: Face, moved: np.ndarray) -> np.ndarray:
    """Paint the part of the mouth that the lips have uncovered."""
    group = face.topology.group("inner_lips").indices
    before, after = _gap(face.landmarks[group]), _gap(moved[group])
    opened = np.clip((after - before) / max(after, 1e-9), 0.0, 1.0)
    if opened < LEAST_OPENED:
        return image
    mask = np.zeros(image.shape[:2], np.float32)
    cv2.fillPoly(mask, [np.round(moved[group]).astype(np.int32)], 1.0)
    mask = cv2.GaussianBlur(mask, (0, 0), 1.5)[..., None] * min(1.0, 2 * opened)
    return np.asarray(image * (1 - mask) + np.array(DARK) * mask).round().astype(np.uint8)


def _gap(lips: np.ndarray) -> float:
    """Distance of the middles of both lips."""
    quarter = len(lips) // 4
    return float(np.linalg.norm(lips[quarter] - lips[-quarter]))
