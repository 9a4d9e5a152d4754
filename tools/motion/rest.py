"""How much of the jitter of a face at rest is true motion.

Two networks see the same motion but make errors of their own, so the covariance of their residuals
is the motion that both see. Patches of the picture, tracked without any network, are a third
measure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import cv2
import numpy as np
import numpy.typing as npt

from .real_clips import JITTERED, eye_distances
from .scores import WINDOW, residual

if TYPE_CHECKING:
    from .clips import Floats

__all__ = ["RestScores", "frames_at_rest", "patch_residual", "rest_scores"]

REST_FLOW = 0.006
"""Of the face's width from frame to frame; less is rest."""
FLOW_WIDTH_PX = 96
PATCH_SHARE = 0.3
"""Side of a tracked patch, in distances of the outer eye corners."""
LEAST_PATCH_PX = 15
HALF = WINDOW // 2

Grays = list[npt.NDArray[np.uint8]]


class RestScores(TypedDict):
    """RMS of each landmark's residual, in % of the distance of the outer eye corners."""

    frames: int
    jitter: dict[str, float]
    """Of each system."""
    shared: float
    """Square root of the covariance of two networks' raw landmarks: the motion that both see."""
    shared_with_patches: dict[str, float]
    """The same of each network and the tracked patches."""


def frames_at_rest(grays: Grays, face: Floats) -> npt.NDArray[np.bool_]:
    """Return (N,) whether the optical flow over the face is small in the whole window around.

    Args:
        grays: pictures (H, W).
        face: (N, 11, 2) landmarks, NaN where there is none.
    """
    flow = np.full(len(grays), np.inf)
    for n in range(1, len(grays)):
        if np.isfinite(face[n]).all():
            flow[n] = _flow_over(grays[n - 1], grays[n], face[n])
    calm = flow < REST_FLOW
    window = np.arange(1 - HALF, HALF + 1)
    return np.array(
        [HALF <= n < len(grays) - HALF and bool(calm[n + window].all()) for n in range(len(grays))]
    )


def _flow_over(before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8], face: Floats) -> float:
    """Return the median of Farneback's flow over the face, as a share of its width."""
    eyes = np.linalg.norm(face[0] - face[3])
    x, y = face[:4].mean(axis=0)
    width = 1.6 * eyes
    left, right = max(0, int(x - width / 2)), int(x + width / 2)
    top, bottom = max(0, int(y - 0.6 * eyes)), int(y + 1.2 * eyes)
    scale = min(1.0, FLOW_WIDTH_PX / width)
    a, b = (
        cv2.resize(
            image[top:bottom, left:right], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA
        )
        for image in (before, after)
    )
    flow = cv2.calcOpticalFlowFarneback(
        a, b, np.zeros((*a.shape, 2), np.float32), 0.5, 3, 15, 3, 5, 1.2, 0
    )
    return float(np.median(np.linalg.norm(flow, axis=2)) / scale / width)


def patch_residual(grays: Grays, face: Floats) -> Floats:
    """Return (N, 5, 2) residuals of patches around corners of the eyes and tip of the nose.

    The patches of each frame are found again in the frames around it by Lucas and Kanade's method,
    so nothing drifts.
    """
    size = np.nanmedian(eye_distances(face))
    side = max(LEAST_PATCH_PX, round(PATCH_SHARE * float(size))) | 1
    out = np.full((len(grays), len(JITTERED), 2), np.nan)
    for n in range(HALF, len(grays) - HALF):
        start = face[n, JITTERED].astype(np.float32)
        if not np.isfinite(start).all():
            continue
        places = np.stack([_tracked(grays[n], grays[n + k], start, side) for k in _OFFSETS])
        out[n] = residual(places)[HALF]
    return out


_OFFSETS = range(-HALF, HALF + 1)


def _tracked(
    before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8], start: Floats, side: int
) -> Floats:
    if before is after:
        return start.astype(float)
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-4)
    found, is_found, _ = cv2.calcOpticalFlowPyrLK(
        before, after, start, start.copy(), winSize=(side, side), maxLevel=2, criteria=stop
    )
    return np.where(is_found == 1, found, np.nan).astype(float)


def rest_scores(
    grays: Grays, raw: dict[str, Floats], smoothed: dict[str, Floats]
) -> RestScores | None:
    """Score the frames at rest; None if there are none.

    Args:
        grays: pictures (H, W).
        raw: (N, 11, 2) landmarks of two networks.
        smoothed: the same of trackers, by name.
    """
    first = next(iter(raw.values()))
    patches = patch_residual(grays, first)
    residuals = {name: residual(face)[:, JITTERED] for name, face in {**raw, **smoothed}.items()}
    used = frames_at_rest(grays, first) & np.isfinite(patches).all(axis=(1, 2))
    for values in residuals.values():
        used &= np.isfinite(values).all(axis=(1, 2))
    if not used.any():
        return None
    size = np.nanmedian(eye_distances(first))

    def share(a: Floats, b: Floats) -> float:
        product = (a[used] * b[used]).sum(axis=2).mean()
        return 100 * float(np.sqrt(max(product, 0.0)) / size)

    one, other = (residuals[name] for name in raw)
    return {
        "frames": int(used.sum()),
        "jitter": {name: share(values, values) for name, values in residuals.items()},
        "shared": share(one, other),
        "shared_with_patches": {name: share(residuals[name], patches) for name in raw},
    }
