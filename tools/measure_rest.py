"""Measure how much of the jitter of faces at rest is true motion.

usage: python tools/measure_rest.py VIDEO [VIDEO ...] [--model NAME NAME] [--seconds S]

Both models run with `Tracker`, raw and smoothed. docs/video.md says what is measured.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

import kilomark
from motion.real_clips import faces_of, read_clip
from motion.rest import rest_scores
from motion.systems import tracker_system

if TYPE_CHECKING:
    from motion.clips import Clip, Floats


def main() -> None:
    options = parse_arguments()
    cv2.setNumThreads(1)
    detectors = {
        name: kilomark.Detector(name, device="cpu", num_threads=1) for name in options.model
    }
    for path in options.videos:
        clip = read_clip(path, options.seconds)
        grays = [cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) for frame in clip.frames()]
        raw, smoothed = (
            {
                f"{name}, {kind}": longest(clip, detector, smoothing)
                for name, detector in detectors.items()
            }
            for kind, smoothing in (("raw", 0.0), ("smoothed", 1.0))
        )
        scores = rest_scores(grays, raw, smoothed)
        if scores is None:
            print(f"{clip.name}: no frame at rest", flush=True)
            continue
        jitter = "; ".join(f"{name} {value:.3f}" for name, value in scores["jitter"].items())
        patches = ", ".join(f"{v:.3f}" for v in scores["shared_with_patches"].values())
        print(
            f"{clip.name}: {scores['frames']} frames at rest; jitter, %: {jitter}; motion that "
            f"both networks see {scores['shared']:.3f}, that each and the patches see {patches}",
            flush=True,
        )


def longest(clip: Clip, detector: kilomark.Detector, smoothing: float) -> Floats:
    """Return (N, 11, 2) the landmarks of the face that is seen longest."""
    faces = faces_of(tracker_system(detector, smoothing=smoothing)(clip).frames)
    return max(faces, key=lambda face: int(np.isfinite(face[:, 0, 0]).sum()))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("videos", nargs="+", type=Path, metavar="VIDEO")
    parser.add_argument("--model", nargs=2, default=["lite", "resnext50"], help="two bundles")
    parser.add_argument("--seconds", type=float, help="of each video, from its start")
    return parser.parse_args()


if __name__ == "__main__":
    main()
