"""The systems that are compared: kilomark per frame and with a tracker, and MediaPipe."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

import kilomark

from .clips import Clip
from .scores import Seen

__all__ = [
    "Run",
    "System",
    "make_systems",
    "mediapipe_system",
    "per_frame_system",
    "tracker_system",
]

WORKER = Path(__file__).with_name("mediapipe_worker.py")


@dataclass(frozen=True)
class Run:
    """What a system said of a clip."""

    frames: list[list[Seen]]
    cpu_ms: list[float]
    """Processor time of each frame, over all threads."""
    wall_ms: list[float]


System = Callable[[Clip], Run]


def make_systems(
    models: list[str],
    mediapipe: str | None,
    *,
    most_faces: int,
    num_threads: int = 1,
    has_per_frame: bool = True,
    smoothing: float = 1.0,
) -> dict[str, System]:
    """Return the systems by name: each model per frame and with a tracker, and MediaPipe.

    Args:
        models: names of bundles.
        mediapipe: a Python that has mediapipe; None leaves MediaPipe out.
        most_faces: that MediaPipe looks for.
        num_threads: of kilomark.
        has_per_frame: whether the models run per frame too.
        smoothing: of the trackers.
    """
    systems: dict[str, System] = {}
    for model in models:
        detector = kilomark.Detector(model, device="cpu", num_threads=num_threads)
        if has_per_frame:
            systems[f"{model}, per frame"] = per_frame_system(detector)
        systems[f"{model}, Tracker"] = tracker_system(detector, smoothing=smoothing)
    if mediapipe:
        systems["MediaPipe video"] = mediapipe_system(mediapipe, num_faces=most_faces)
    return systems


def points_of(face: kilomark.Face) -> npt.NDArray[np.float64]:
    """Return the landmarks that all systems have."""
    p = face.to_68().astype(np.float64)
    return np.stack(
        [
            *(p[index] for index in (36, 39, 42, 45, 48, 54, 30)),
            (p[37] + p[38]) / 2,
            (p[41] + p[40]) / 2,
            (p[43] + p[44]) / 2,
            (p[47] + p[46]) / 2,
        ]
    )


def per_frame_system(detector: kilomark.Detector) -> System:
    """Run the detector on each frame by itself."""
    return lambda clip: _run(
        clip, lambda frame, _: [Seen(points_of(face), None) for face in detector.predict(frame)]
    )


def tracker_system(detector: kilomark.Detector, **options: float) -> System:
    """Follow the faces; a new tracker for each clip. The first clip is run once before it counts.

    The detector compiles its networks at the first look of each size, some of them in mid-clip.
    """
    is_warm = False

    def run(clip: Clip) -> Run:
        nonlocal is_warm
        if not is_warm:
            is_warm = True
            run(clip)
        tracker = kilomark.Tracker(detector, **options)
        return _run(
            clip,
            lambda frame, timestamp: [
                Seen(points_of(face), face.id) for face in tracker.update(frame, timestamp)
            ],
        )

    return run


def _run(clip: Clip, update: Callable[[npt.NDArray[np.uint8], float], list[Seen]]) -> Run:
    run = Run([], [], [])
    for frame, timestamp in zip(clip.frames(), clip.timestamps, strict=True):
        cpu, wall = time.process_time(), time.perf_counter()
        seen = update(frame, timestamp)
        run.cpu_ms.append(1e3 * (time.process_time() - cpu))
        run.wall_ms.append(1e3 * (time.perf_counter() - wall))
        run.frames.append(seen)
    return run


def mediapipe_system(python: str, num_faces: int) -> System:
    """Run MediaPipe's FaceMesh in video mode, in a Python of its own, which has it installed."""

    def run(clip: Clip) -> Run:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "clip.npz"
            np.savez(path, *[np.frombuffer(jpeg, np.uint8) for jpeg in clip.jpegs])
            command = [python, str(WORKER), str(path), str(num_faces)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
        said = json.loads(done.stdout.splitlines()[-1])
        frames = [[Seen(np.array(points), None) for points in frame] for frame in said["frames"]]
        return Run(frames, said["cpu_ms"], said["wall_ms"])

    return run
