"""Scores of a system's landmarks on clips of known motion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .clips import EYE_DISTANCE_PX, Clip, Floats

__all__ = ["NAMES", "Seen", "blink_score", "jump_frames", "motion_score"]

NAMES = (
    "right eye, outer corner",
    "right eye, inner corner",
    "left eye, inner corner",
    "left eye, outer corner",
    "right mouth corner",
    "left mouth corner",
    "nose tip",
    "right upper lid",
    "right lower lid",
    "left upper lid",
    "left lower lid",
)
"""The landmarks that all systems have."""
SCORED = [0, 1, 2, 3, 4, 5, 6]
JITTERED = SCORED
WINDOW, DEGREE = 7, 2
START_FRAMES = 10
"""That are not scored: a tracker's start."""


@dataclass(frozen=True)
class Seen:
    """One face that a system saw in one frame."""

    points: Floats
    """(11, 2) in the order of `NAMES`."""
    id: int | None
    """None for a system without ids."""


Frames = list[list[Seen]]


@dataclass(frozen=True)
class MotionScore:
    """Errors in % of the distance of the outer eye corners."""

    error: float
    """RMS distance from the truth, which is the photo's landmark under the known map."""
    jitter: float
    """RMS residual of the error to a local quadratic over 7 frames."""
    lag: float
    """Frames of delay of the truth that explains the landmarks best; NaN in even motion."""
    missed: int
    num_ids: int


def residual(points: Floats) -> Floats:
    """Return (N, K, 2) points less a local quadratic; NaN at the ends."""
    half = WINDOW // 2
    x = np.arange(-half, half + 1)
    weights = np.linalg.pinv(np.vander(x, DEGREE + 1, increasing=True))[0]
    out = np.full(points.shape, np.nan)
    for n in range(half, len(points) - half):
        window = points[n - half : n + half + 1]
        out[n] = points[n] - np.tensordot(weights, window, 1)
    return out


def nearest(frames: Frames, start: Floats) -> tuple[Floats, set[int | None]]:
    """Follow the face that is nearest to where it was: (N, 11, 2) with NaN, and its ids."""
    points = np.full((len(frames), len(NAMES), 2), np.nan)
    last, ids = start, set()
    for n, seen in enumerate(frames):
        if seen:
            near = min(seen, key=lambda one: np.linalg.norm(one.points[:4].mean(axis=0) - last))
            points[n] = near.points
            last = near.points[:4].mean(axis=0)
            ids.add(near.id)
    return points, ids


def truth_of(points: Floats, maps: Floats) -> Floats:
    """Return (N, K, 2): the mean place of each landmark on the photo, under each frame's map."""
    inverse = np.array([np.linalg.inv(np.vstack([m, [0, 0, 1]])) for m in maps])
    back = np.einsum("nij,nkj->nki", inverse[:, :2, :2], points) + inverse[:, None, :2, 2]
    on_photo = np.nanmean(back[START_FRAMES:], axis=0)
    return np.einsum("nij,kj->nki", maps[:, :, :2], on_photo) + maps[:, None, :, 2]


def motion_score(frames: Frames, clip: Clip) -> MotionScore:
    """Score a clip of one face under known maps."""
    maps = np.array(clip.maps)
    points, ids = nearest(frames, maps[0][:, 2] * 0 + (320, 216))
    missed = int(np.isnan(points[:, 0, 0]).sum())
    if missed > len(frames) // 2:
        return MotionScore(np.nan, np.nan, np.nan, missed, len(ids))
    truth = truth_of(points, maps)
    off = points - truth
    sizes = np.sqrt(np.linalg.det(maps[:, :, :2]))
    px = EYE_DISTANCE_PX * sizes / np.median(sizes)
    error = (off[START_FRAMES:, SCORED] ** 2).sum(axis=2) / px[START_FRAMES:, None] ** 2
    jitter = (residual(off)[:, JITTERED] ** 2).sum(axis=2) / EYE_DISTANCE_PX**2
    lag = lag_of(points, truth) if not clip.name.startswith("pan") else np.nan
    return MotionScore(
        100 * float(np.sqrt(np.nanmean(error))),
        100 * float(np.sqrt(np.nanmean(jitter))),
        lag,
        missed,
        len(ids),
    )


def lag_of(points: Floats, truth: Floats) -> float:
    """Return the delay of the truth, in frames, that explains the landmarks best."""
    if np.nanstd(truth[:, SCORED], axis=0).max() <= 0.2:
        return np.nan
    n = np.arange(len(truth))
    best, lag = np.inf, np.nan
    for delay in np.arange(-1, 5.01, 0.05):
        late = np.array(
            [[np.interp(n - delay, n, truth[:, k, c]) for c in range(2)] for k in SCORED]
        ).transpose(2, 0, 1)
        rest = (points[:, SCORED] - late)[12:-4]
        value = np.nanmean((rest - np.nanmean(rest, axis=0)) ** 2)
        if value < best:
            best, lag = value, float(delay)
    return lag


def jump_frames(frames: Frames, clip: Clip, at: int = 45) -> int:
    """Return the frames after a jump until the landmarks are within 1 % of where they settle."""
    points, _ = nearest(frames, np.array([320.0, 216.0]))
    off = points - truth_of(points, np.array(clip.maps))
    distance = np.linalg.norm(
        off[at:, SCORED] - np.nanmedian(off[at + 15 :, SCORED], axis=0), axis=2
    )
    settled = distance.mean(axis=1) < 0.01 * EYE_DISTANCE_PX
    return next((n for n in range(len(settled)) if settled[n : n + 3].all()), len(settled))


def openings(points: Floats) -> Floats:
    """Return (N,): the mean of both eyes' lid distances over the eyes' widths."""
    out = []
    for corner_a, corner_b, upper, lower in ((0, 1, 7, 8), (2, 3, 9, 10)):
        width = np.linalg.norm(points[:, corner_a] - points[:, corner_b], axis=1)
        out.append(np.linalg.norm(points[:, upper] - points[:, lower], axis=1) / width)
    return np.mean(out, axis=0)


def blink_score(frames: Frames, opening: list[float]) -> tuple[float, float]:
    """Return the lag of the lids in frames, and how deep the blinks are, as a share of the truth's.

    The depth is the fall of the opening from its median, over the median.
    """
    points, _ = nearest(frames, np.array([320.0, 216.0]))
    measured = openings(points)
    measured = measured / np.nanmedian(measured)
    truth = np.array(opening)
    n = np.arange(len(truth))
    best, lag = np.inf, np.nan
    for delay in np.arange(-1, 5.01, 0.05):
        late = np.interp(n - delay, n, truth)
        design = np.stack([late, np.ones_like(late)], axis=1)[12:]
        usable = np.isfinite(measured[12:])
        fit = np.linalg.lstsq(design[usable], measured[12:][usable], rcond=None)[0]
        value = float(((design[usable] @ fit - measured[12:][usable]) ** 2).mean())
        if value < best:
            best, lag = value, float(delay)
    return lag, float((1 - np.nanmin(measured)) / (1 - truth.min()))
