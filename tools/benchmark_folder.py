"""How fast `kilomark folder` is against its parts: decoding alone, and the networks alone.

usage: python tools/benchmark_folder.py [--photos 96] [--rounds 7] [--json FILE]

All candidates take turns in one process, so that other work on the machine slows all of them.
Two figures are compared with `kilomark folder` on n cores:

* the slower stage: decoding on one core, or the networks on one core;
* the bound: a photo costs the processor time of decoding and of the networks, and n cores can
  spend no more: 1 / (1 / decode + 1 / networks), each measured on all n cores.

`--memory` shows the resident memory of one run over the photos instead.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

import kilomark.folder.run
from benchmarking.machine import describe_machine
from benchmarking.photos import frame
from kilomark.folder import DetectorSettings, Progress, process_folder
from kilomark.folder.detectors import make_detectors
from kilomark.images import to_core_pixels
from kilomark.raw_images import RawImage

if TYPE_CHECKING:
    from collections.abc import Callable

    from kilomark import Detector

BATCH = 8
WIDTH, HEIGHT = 1920, 1080
GRAIN = 6
"""Standard deviation of the grain, which gives the JPEGs the size of a camera's."""


@dataclass(frozen=True, slots=True)
class Sample:
    photos_per_s: float
    processor_ms: float
    """Processor time of a photo, over all threads."""


def make_photos(folder: Path, count: int) -> None:
    """Write JPEGs with one face; ten are different, the others are links to them."""
    rng = np.random.default_rng(0)
    picture = frame(WIDTH, HEIGHT)[..., ::-1]
    for number in range(count):
        path = folder / f"{number:05d}.jpg"
        if number >= 10:
            os.link(folder / f"{number % 10:05d}.jpg", path)
            continue
        grain = rng.normal(0, GRAIN, (HEIGHT, WIDTH, 1))
        grainy = np.clip(picture + grain, 0, 255).astype(np.uint8)
        Image.fromarray(grainy).save(path, quality=90)


def decode(path: Path) -> RawImage:
    pixels = to_core_pixels(path)
    return RawImage(pixels.array, pixels.format)


def decode_all(paths: list[Path], threads: int) -> None:
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(lambda path: decode(path).format, paths):
            pass


def predict_all(detectors: list[Detector], images: list[RawImage], count: int) -> None:
    """Predict ``count`` images, in batches that the detectors share."""
    idle = list(detectors)

    def work(batch: list[RawImage]) -> None:
        detector = idle.pop()
        detector.predict(batch)
        idle.append(detector)

    with ThreadPoolExecutor(len(detectors)) as pool:
        list(pool.map(work, [images] * (count // len(images))))


def measure(call: Callable[[], object], count: int) -> Sample:
    begin, processor = time.perf_counter(), time.process_time()
    call()
    wall, spent = time.perf_counter() - begin, time.process_time() - processor
    return Sample(count / wall, spent / count * 1e3)


def measure_rounds(
    folder: Path, settings: DetectorSettings, cores: int, rounds: int
) -> dict[str, list[Sample]]:
    paths = sorted(folder.glob("*.jpg"))
    images = [decode(path) for path in paths[:BATCH]]
    many, one = make_detectors(settings, cores), [settings.make(1)]
    kilomark.folder.run.make_detectors = lambda *_: many  # loading networks is not timed
    out = folder / "out"
    candidates = {
        "decode, 1 core": lambda: decode_all(paths, 1),
        "networks, 1 core": lambda: predict_all(one, images, len(paths)),
        "decode, all cores": lambda: decode_all(paths, cores),
        "networks, all cores": lambda: predict_all(many, images, len(paths)),
        "folder": lambda: process_folder(
            folder, out, settings=settings, batch_images=BATCH, decode_threads=cores
        ),
    }
    samples: dict[str, list[Sample]] = {name: [] for name in candidates}
    for number in range(rounds + 1):
        for name, call in candidates.items():
            shutil.rmtree(out, ignore_errors=True)
            sample = measure(call, len(paths))
            if number:  # the first round warms up
                samples[name].append(sample)
    return samples


def compare(samples: dict[str, list[Sample]]) -> dict[str, float]:
    """Medians, over the rounds, of ratios within a round."""
    rates = {name: [item.photos_per_s for item in items] for name, items in samples.items()}
    costs = {name: [item.processor_ms for item in items] for name, items in samples.items()}
    folder = np.array(rates["folder"])
    stages = np.minimum(rates["decode, 1 core"], rates["networks, 1 core"])
    decoding, networks = (
        np.array(rates["decode, all cores"]),
        np.array(rates["networks, all cores"]),
    )
    parts = np.add(costs["decode, all cores"], costs["networks, all cores"])
    return {
        "folder / slower stage on 1 core": float(np.median(folder / stages)),
        "folder / slower part on all cores": float(
            np.median(folder / np.minimum(decoding, networks))
        ),
        "folder / bound": float(np.median(folder * (1 / decoding + 1 / networks))),
        "processor time of the parts / of folder": float(np.median(parts / costs["folder"])),
    }


def show_memory(folder: Path, settings: DetectorSettings) -> None:
    """Print the resident memory after each tenth of a run."""
    count = len(list(folder.glob("*.jpg")))

    def report(progress: Progress) -> None:
        if progress.counts.photos % (count // 10) == 0:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            resident = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
            print(f"{progress.counts.photos:8,} photos  {resident:7.0f} MB resident")

    process_folder(folder, folder / "out", settings=settings, report=report)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--model", default="lite")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    settings = DetectorSettings(options.model, device="cpu")
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_photos(folder, options.photos)
        size = (folder / "00000.jpg").stat().st_size
        print(f"{options.photos} JPEGs of {WIDTH} x {HEIGHT}, {size / 1e3:.0f} kB; {cores} cores")
        if options.memory:
            show_memory(folder, settings)
            return 0
        samples = measure_rounds(folder, settings, cores, options.rounds)
    for title, items in samples.items():
        rate = median(item.photos_per_s for item in items)
        cost = median(item.processor_ms for item in items)
        print(f"{title:22} {rate:8.1f} photos/s  {cost:6.2f} ms of processor time a photo")
    ratios = compare(samples)
    for title, ratio in ratios.items():
        print(f"{title:42} {ratio:.3f}")
    if options.json is not None:
        raw = {name: [asdict(item) for item in items] for name, items in samples.items()}
        document = {"machine": describe_machine(), "samples": raw, "ratios": ratios}
        options.json.write_text(json.dumps(document, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
