"""Clips read from videos, whose truth is not known, and what can be said of a system on them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypedDict

import cv2
import numpy as np

from kilomark.video import open_source

from .clips import Clip, Floats
from .scores import NAMES, SCORED, Frames, openings, residual

if TYPE_CHECKING:
    from pathlib import Path

    from .systems import Run

__all__ = ["COLUMNS", "ClipScores", "eye_distances", "read_clip", "row_of", "scores_of"]

JPEG_QUALITY = 95
JITTERED = [0, 1, 2, 3, 6]
"""The corners of the eyes and the tip of the nose."""
SAME_FACE = 0.5
"""How far a face moves from one frame to the next, at most, in distances of the eye corners."""
CLOSED = 0.5
"""An eye that is less open than this share of its median blinks."""

COLUMNS = (
    "frames with 0, 1, 2 ... faces",
    "ids",
    "jitter, %",
    "blinks",
    "least opening of the eyes, %",
    "processor time, ms",
)


class ClipScores(TypedDict):
    """What a system saw in one clip. The last four are of the face that it saw longest."""

    frames_by_faces: list[int]
    """How many frames have 0, 1, 2 ... faces."""
    ids: int
    """0 for a system without ids."""
    cpu_ms: float
    """Processor time of a frame, mean."""
    frames: int
    jitter: float
    """RMS residual to a local quadratic over 7 frames, in % of the distance of the outer eye
    corners; NaN if no face is seen in 7 frames one after the other."""
    blinks: int
    """How often the eyes close below half their usual opening."""
    least_opening: float
    """In % of the usual opening."""


def read_clip(path: Path, seconds: float | None = None) -> Clip:
    """Read a video as JPEG frames, so that all systems see the same.

    Raises:
        InvalidInputError: the video cannot be read.
    """
    jpegs, timestamps = [], []
    with open_source(str(path)) as source:
        for frame in source.frames():
            if seconds is not None and frame.time_seconds > seconds:
                break
            done, jpeg = cv2.imencode(".jpg", frame.image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
            if not done:
                raise OSError(f"{path}: OpenCV cannot write a frame of {frame.image.shape} as JPEG")
            jpegs.append(jpeg.tobytes())
            timestamps.append(frame.time_seconds)
    return Clip(path.name, jpegs, timestamps)


def scores_of(run: Run) -> ClipScores:
    """Score one run."""
    counts = Counter(len(seen) for seen in run.frames)
    face = max(faces_of(run.frames), key=_num_seen, default=np.full((1, len(NAMES), 2), np.nan))
    opening = openings(face) if _num_seen(face) else np.ones(1)
    opening = opening / np.nanmedian(opening)
    is_closed = opening < CLOSED
    return {
        "frames_by_faces": [counts[n] for n in range(max(counts, default=0) + 1)],
        "ids": len({one.id for seen in run.frames for one in seen if one.id is not None}),
        "cpu_ms": float(np.mean(run.cpu_ms)) if run.cpu_ms else float("nan"),
        "frames": _num_seen(face),
        "jitter": jitter_of(face),
        "blinks": int((is_closed[1:] & ~is_closed[:-1]).sum()),
        "least_opening": 100 * float(np.nanmin(opening)),
    }


def faces_of(frames: Frames) -> list[Floats]:
    """Follow faces by nearness alone, so that systems without ids are treated alike.

    Returns:
        (N, 11, 2) for each face, NaN where it is not seen.
    """
    faces: list[Floats] = []
    for n, seen in enumerate(frames):
        free = [face for face in faces if n > 0 and np.isfinite(face[n - 1, 0, 0])]
        for one in seen:
            size = float(np.linalg.norm(one.points[0] - one.points[3]))
            near = [f for f in free if _distance(f[n - 1], one.points) < SAME_FACE * size]
            if near:
                face = min(near, key=lambda f: _distance(f[n - 1], one.points))
                free = [f for f in free if f is not face]
            else:
                face = np.full((len(frames), len(NAMES), 2), np.nan)
                faces.append(face)
            face[n] = one.points
    return faces


def eye_distances(face: Floats) -> Floats:
    """Return (N,) distances of the outer eye corners of a face (N, 11, 2), in pixels."""
    distances: Floats = np.linalg.norm(face[:, 0] - face[:, 3], axis=-1)
    return distances


def jitter_of(face: Floats) -> float:
    """Return the jitter of one face, in % of its distance of the outer eye corners."""
    off = residual(face)[:, JITTERED]
    share = (off**2).sum(axis=2) / eye_distances(face)[:, None] ** 2
    return 100 * float(np.sqrt(np.nanmean(share))) if np.isfinite(share).any() else float("nan")


def row_of(scores: ClipScores) -> str:
    """Return the cells of one row, in the order of `COLUMNS`."""
    return " | ".join(
        [
            ", ".join(str(count) for count in scores["frames_by_faces"]),
            str(scores["ids"] or "-"),
            f"{scores['jitter']:.3f}",
            str(scores["blinks"]),
            f"{scores['least_opening']:.0f}",
            f"{scores['cpu_ms']:.2f}",
        ]
    )


def _num_seen(face: Floats) -> int:
    return int(np.isfinite(face[:, 0, 0]).sum())


def _distance(a: Floats, b: Floats) -> float:
    return float(np.linalg.norm(a[SCORED].mean(axis=0) - b[SCORED].mean(axis=0)))
