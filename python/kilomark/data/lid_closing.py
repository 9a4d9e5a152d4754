"""Closing an eye in a patch: pixels move up and down between the lids, and labels with them.

The shares are those of labeled eyes that are shut, as in `kilomark.data.profiling.close_eye`. No
depth and no mesh is needed, so eyes of any labeled photo can be closed.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

__all__ = ["close_landmarks", "closing_maps", "draw_lashes", "lid_curves", "stretch_opening"]

Array = np.ndarray[Any, Any]

_CREASE = 0.20  # eye widths above the upper lid: where the skin of the lid ends
_REACH = 0.28  # eye widths above the crease and below the lower lid that move too
_UPPER, _LOWER, _CREASE_SHARE = 0.90, 0.08, 0.33  # of the gap, by which each moves
_REST = 0.005  # of the gap: what is left where lids meet
_IRIS, _IRIS_SHRINKS = 0.37, 0.17
_STRETCHED_BELOW = 0.15  # opening
_SHUT = 0.012  # opening of labels of shut eyes, after the stretching


def lid_curves(landmarks: Array, num_lid: int, width: int) -> Array:
    """Height (2, W) of the upper and the lower lid at each column of a patch.

    Args:
        landmarks: (K, 2) pixels of the patch.
        num_lid: how many of them are lids.
        width: columns of the patch.
    """
    half, columns = num_lid // 2, np.arange(width) + 0.5
    along = np.arange(half + 1)
    upper, lower = (
        np.interp(columns, np.maximum.accumulate(curve[:, 0] + along * 1e-4), curve[:, 1])
        for curve in (landmarks[-along % num_lid], landmarks[along])
    )
    return np.stack([upper, np.maximum(upper, lower)]).astype(np.float32)


def closing_maps(
    curves: Array, points: Array, amount: float, px_per_eye: float
) -> tuple[Array, Array, Array]:
    """Where the pixels of a closed eye come from.

    Args:
        curves: of `lid_curves`.
        points: (H, W, 2) float32, the pixels' centers in the patch.
        amount: 0 leaves the eye, 1 closes it.
        px_per_eye: pixels of the patch for the width of the eye.

    Returns:
        The (H, W) x and y to resample the patch at, and the height of the closed lower lid.
    """
    upper, lower = curves
    gap = lower - upper
    crease, reach = upper - _CREASE * px_per_eye, _REACH * px_per_eye
    surplus = max((_UPPER + _LOWER) * amount - 1 + _REST, 0.0) * gap
    before = np.stack([crease - reach, crease, upper, lower, lower + reach])
    after = np.stack(
        [
            crease - reach,
            crease + _CREASE_SHARE * amount * gap,
            upper + _UPPER * amount * gap - surplus,
            lower - _LOWER * amount * gap,
            lower + reach,
        ]
    )
    both = _at_columns(np.concatenate([before, after]), points[..., 0])
    source, target = both[:5], both[5:]
    y = points[..., 1]
    taken = source[0].copy()
    for knot in range(4):
        span = np.maximum(target[knot + 1] - target[knot], 1e-3)
        share = np.clip((y - target[knot]) / span, 0, 1)
        taken += share * (source[knot + 1] - source[knot])
    taken += y - np.clip(y, target[0], target[4])
    return points[..., 0], taken, target[3]


def _at_columns(tables: Array, x: Array) -> Array:
    """Values (T, H, W) of tables (T, W) at columns ``x`` (H, W), between the columns' centers."""
    place = np.clip(x - 0.5, 0, tables.shape[1] - 1.001)
    column = place.astype(np.intp)
    rest = (place - column).astype(np.float32)
    values: Array = tables[:, column] * (1 - rest) + tables[:, column + 1] * rest
    return values


def draw_lashes(image: Array, y: Array, lid: Array, gap: Array, rng: np.random.Generator) -> Array:
    """Draw the dark line where shut lids meet.

    Args:
        image: (H, W, 3) uint8.
        y: (H, W) height of the pixels in the patch.
        lid: (H, W) height of the closed lower lid.
        gap: (H, W) gap of the open lids, 0 beside the eye.
        rng: of strength, place and width of the line.
    """
    strength, place, width = rng.uniform(0, 0.7), rng.uniform(-0.5, 1.2), rng.uniform(0.8, 2.2)
    line = strength * np.clip(gap / 3, 0, 1) * np.exp(-(((y - lid - place) / width) ** 2))
    darkened: Array = cv2.multiply(
        image, cv2.merge([(1 - line).astype(np.float32)] * 3), dtype=cv2.CV_8U
    )
    return darkened


def close_landmarks(landmarks: Array, num_lid: int, amount: float) -> Array:
    """Landmarks (K, 2) of an eye after it was closed; what follows the lids is iris and pupil."""
    closed: Array = landmarks.copy()
    lower, upper, gap = _pairs(landmarks, num_lid)
    closes = min(0.98 * amount, 0.995) - _LOWER * amount
    closed[upper] += closes * gap
    closed[lower] -= _LOWER * amount * gap
    if len(landmarks) > num_lid:
        third = len(gap) // 3
        middle = gap[third : len(gap) - third].mean(0)
        iris = landmarks[num_lid:]
        center = iris.mean(0)
        closed[num_lid:] = (
            center + _IRIS * amount * middle + (iris - center) * (1 - _IRIS_SHRINKS * amount)
        )
    return closed


def stretch_opening(landmarks: Array, num_lid: int, opening: float, shut_opening: float) -> Array:
    """Close labels whose lids are nearly shut, (K, 2) of an eye.

    Labels of machines leave shut eyes open by ``shut_opening``. Openings from there up to 0.15 are
    stretched down to 0.012; below, a fifth is left.
    """
    if shut_opening <= 0 or opening >= _STRETCHED_BELOW:
        return landmarks
    if opening > shut_opening:
        slope = (_STRETCHED_BELOW - _SHUT) / (_STRETCHED_BELOW - shut_opening)
        wanted = _SHUT + (opening - shut_opening) * slope
    else:
        wanted = opening * _SHUT / shut_opening
    share = 1 - wanted / max(opening, 1e-3)
    stretched: Array = landmarks.copy()
    lower, upper, gap = _pairs(landmarks, num_lid)
    stretched[upper] += 0.85 * share * gap
    stretched[lower] -= 0.15 * share * gap
    return stretched


def _pairs(landmarks: Array, num_lid: int) -> tuple[Array, Array, Array]:
    """Rows (P,) of the lower and upper lid, and the gaps (P, 2) between them across the eye."""
    half = num_lid // 2
    lower = np.arange(1, half)
    upper = num_lid - lower
    axis = landmarks[half] - landmarks[0]
    axis = axis / max(float(np.linalg.norm(axis)), 1e-3)
    gap = landmarks[lower] - landmarks[upper]
    return lower, upper, gap - (gap @ axis)[:, None] * axis
