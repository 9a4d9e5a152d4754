"""Measure the tracker on videos of your own, against kilomark per frame and MediaPipe.

usage: python tools/benchmark_clips.py VIDEO [VIDEO ...] [--model NAME ...] [--mediapipe PYTHON]
                                       [--seconds S] [--json FILE]

Prints a row for each video and system: how many frames have 0, 1, 2 ... faces, how many ids there
are, the jitter of the longest known face, its blinks, and the processor time of a frame. The truth
of these videos is not known: a frame without a face counts as missed only if you know that there is
one. docs/video.md says what is measured. MediaPipe runs in a Python of its own, as for
tools/benchmark_video.py.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2

from kilomark.whole_files import write_whole
from motion.real_clips import COLUMNS, read_clip, row_of, scores_of
from motion.systems import make_systems

MOST_FACES = 4
"""That MediaPipe looks for."""


def main() -> None:
    options = parse_arguments()
    cv2.setNumThreads(1)
    systems = make_systems(options.model, options.mediapipe, most_faces=MOST_FACES)
    record = []
    print("| video | system | " + " | ".join(COLUMNS) + " |")
    print("|" + "---|" * (2 + len(COLUMNS)))
    for path in options.videos:
        clip = read_clip(path, options.seconds)
        for name, system in systems.items():  # in turns
            scores = scores_of(system(clip))
            record.append({"video": clip.name, "system": name, **scores})
            print(f"| {clip.name} | {name} | {row_of(scores)} |", flush=True)
    if options.json:
        write_whole(options.json, json.dumps(record, indent=1) + "\n")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("videos", nargs="+", type=Path, metavar="VIDEO")
    parser.add_argument("--model", nargs="+", default=["lite"], help="bundles to measure")
    parser.add_argument("--mediapipe", metavar="PYTHON", help="a Python that has mediapipe")
    parser.add_argument("--seconds", type=float, help="of each video, from its start")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all scores here as well")
    return parser.parse_args()


if __name__ == "__main__":
    main()
