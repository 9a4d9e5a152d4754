"""Measure how many training samples one core makes: decoded, warped, augmented.

usage: python tools/benchmark_pipeline.py --faces FOLDER --scenes FOLDER [--samples N] [--check]

Everything runs in this one process on one core, OpenCV on one thread. The figures are CPU time,
so that they hold on a machine that does other work too; the wall clock stands beside them. Stages
are timed alone, over and over on the same few hundred faces, so they find more in the caches than
the whole does, and `share` of the samples go through each.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from benchmarking.machine import describe_machine
from benchmarking.table import format_machine
from kilomark.data.face_crops import FaceCrops, read_face_crops
from kilomark.data.geometry import apply_map, corners_of, crop_map, warp
from kilomark.data.landmark_samples import LandmarkSamples, crop_square
from kilomark.data.photometry import cover_rectangle, degrade, fill_outside
from kilomark.data.scenes import read_backgrounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

IMAGES_PER_SECOND = 1000  # what a core is held to, JPEG decoding included
SIZE = 128
STAGE_FACES = 300


@dataclass(frozen=True, slots=True)
class Figure:
    """How long one image took on average."""

    name: str
    cpu_us: float
    wall_us: float

    def line(self) -> str:
        return f"{self.name:<52} {self.cpu_us:9.1f} {self.wall_us:9.1f} {1e6 / self.cpu_us:11,.0f}"


def main() -> int:
    options = parse_arguments()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)
    print(format_machine(describe_machine()))
    print(f"\n{'':<52} {'CPU us':>9} {'wall us':>9} {'images/s':>11}")
    for figure in measure_stages(options):
        print(figure.line(), flush=True)
    print()
    whole = {}
    for decoding in ("once", "always"):
        faces = read_face_crops(options.faces, "train", options.cache, decoding=decoding)
        name = f"whole sample, images decoded {decoding}"
        whole[decoding] = measure(name, samples_of(faces, options).__getitem__, options.samples)
        print(whole[decoding].line(), flush=True)
    rate = 1e6 / whole["always"].cpu_us
    verdict = "met" if rate >= IMAGES_PER_SECOND else "NOT MET"
    print(f"\nat least {IMAGES_PER_SECOND} images/s a core, JPEG decoded: {rate:,.0f}, {verdict}")
    return int(options.check and rate < IMAGES_PER_SECOND)


def samples_of(faces: FaceCrops, options: argparse.Namespace) -> LandmarkSamples:
    backgrounds, rows, _ = read_backgrounds(options.scenes, options.cache)
    return LandmarkSamples(faces, backgrounds, rows, size=SIZE, seed=0)


def measure_stages(options: argparse.Namespace) -> Iterator[Figure]:
    """Time each stage on what the stage before made of the same faces."""
    encoded = read_face_crops(options.faces, "train", options.cache, decoding="always")
    count = min(STAGE_FACES, len(encoded))
    repeats = max(options.samples, count)
    rng = np.random.default_rng(0)
    images = [encoded.image(face) for face in range(count)]
    squares = [crop_square(landmarks) for landmarks in encoded.landmarks[:count]]
    maps = [crop_map(*square, SIZE, angle_deg=rng.normal(0, 14)) for square in squares]
    crops = [warp(image, m, (SIZE, SIZE)) for image, m in zip(images, maps, strict=True)]
    half = corners_of(np.array([0, SIZE / 2, SIZE, SIZE]))

    stages: dict[str, Callable[[int], object]] = {
        "decode a JPEG": encoded.image,
        "random generator of a sample": lambda i: np.random.default_rng([0, 2, i]),
        "crop square and map": lambda i: crop_map(*crop_square(encoded.landmarks[i]), SIZE),
        "warp": lambda i: warp(images[i], maps[i], (SIZE, SIZE)),
        "fill outside the photo, where needed": lambda i: fill_outside(crops[i], half, None, rng),
        "cover a rectangle, share 0.3": lambda i: cover_rectangle(crops[i], rng),
        "sharpness, gray, JPEG, light, noise": lambda i: degrade(crops[i], rng),
        "landmarks through the map": lambda i: apply_map(maps[i], encoded.landmarks[i]),
    }
    for name, stage in stages.items():
        yield measure(name, lambda i, stage=stage: stage(i % count), repeats)  # type: ignore[misc]


def measure(name: str, work: Callable[[int], object], count: int) -> Figure:
    """Call ``work`` for 0, 1, 2 ... after some calls to warm up."""
    for index in range(count, count + 50):
        work(index)
    cpu, wall = time.process_time(), time.perf_counter()
    for index in range(count):
        work(index)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Figure(name, 1e6 * cpu / count, 1e6 * wall / count)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the data pipeline of training.")
    parser.add_argument("--faces", type=Path, required=True, help="data set of face crops")
    parser.add_argument("--scenes", type=Path, required=True, help="data set of scenes")
    parser.add_argument("--cache", type=Path, help="folder for decoded images")
    parser.add_argument("--samples", type=int, default=3000, help="samples to make")
    parser.add_argument(
        "--check", action="store_true", help=f"exit code 1 below {IMAGES_PER_SECOND} images/s"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
