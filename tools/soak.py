"""Predict for a long time with changing sizes, batches and threads, and watch memory.

usage: python tools/soak.py --minutes 60 [--model lite] [--out FOLDER]

Writes FOLDER/soak.json and FOLDER/soak.png. Photos of many small faces come first, because memory
stays at what the largest look so far took. The first tenth of the time warms up. Exit code 1 if
after it the resident memory grew by more than 2 %, or file descriptors or threads grew. Calls that
ran while the whole process was stopped (SIGSTOP) count, but not in the percentiles.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import sys
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw

import kilomark
from kilomark.picture_file import write_picture
from kilomark.whole_files import write_whole

DEMO = Path(kilomark.__file__).parent / "demo" / "astronaut.jpg"
SAMPLE_S = 5.0
PAUSE_S = 4 * SAMPLE_S
"""Between two samples, so long that the process must have been stopped."""
MOST_GROWTH = 0.02
PLOT_SIZE = (900, 320)
LARGEST_SIDE = 900
CROWD_COLUMNS = 15
MOST_IMAGES = 6
CROWD_SHARE = 0.02


class Call(NamedTuple):
    """One call of predict: when it began and ended, and how many images it had."""

    begin: float
    end: float
    images: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--model", default="lite")
    parser.add_argument("--threads", type=int, default=3, help="that call at the same time")
    parser.add_argument("--out", type=Path, default=Path("soak"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    detector = kilomark.Detector(options.model, device="cpu")
    largest = crowd(Image.open(DEMO).convert("RGB"))
    for num_images in range(1, MOST_IMAGES + 1):
        detector.predict([largest] * num_images)
    end = time.monotonic() + 60 * options.minutes
    calls: list[list[Call]] = [[] for _ in range(options.threads)]
    threads = [
        threading.Thread(target=predict_until, args=(detector, end, seed, found))
        for seed, found in enumerate(calls)
    ]
    for thread in threads:
        thread.start()
    samples = watch(end)
    for thread in threads:
        thread.join()
    record = summarize(samples, [call for part in calls for call in part], options.minutes)
    write_whole(options.out / "soak.json", json.dumps({**record, "samples": samples}) + "\n")
    write_picture(plot(samples), options.out / "soak.png")
    print(json.dumps(record, indent=1))
    return 0 if record["is_flat"] else 1


def predict_until(detector: kilomark.Detector, end: float, seed: int, calls: list[Call]) -> None:
    """Predict images of random sizes, one to six at once, with boxes or without."""
    rng = random.Random(seed)
    photo = Image.open(DEMO).convert("RGB")
    while time.monotonic() < end:
        images = [resized(photo, rng) for _ in range(rng.randint(1, MOST_IMAGES))]
        boxes = [[[5, 5, 60, 70]] * rng.randint(0, 20) for _ in images] if seed % 2 else None
        begin = time.monotonic()
        detector.predict(images, boxes=boxes)
        calls.append(Call(begin, time.monotonic(), len(images)))


def resized(photo: Image.Image, rng: random.Random) -> np.ndarray[Any, Any]:
    if rng.random() < CROWD_SHARE:
        return crowd(photo)
    size = rng.randint(80, LARGEST_SIDE), rng.randint(80, LARGEST_SIDE)
    return np.asarray(photo.resize(size))


def crowd(photo: Image.Image) -> np.ndarray[Any, Any]:
    """A square of many small photos, whose faces call for the largest looks."""
    side = LARGEST_SIDE // CROWD_COLUMNS
    return np.tile(np.asarray(photo.resize((side, side))), (CROWD_COLUMNS, CROWD_COLUMNS, 1))


def watch(end: float) -> list[dict[str, float]]:
    """Sample this process until ``end``."""
    samples = []
    begin = time.monotonic()
    while time.monotonic() < end:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        samples.append(
            {
                "seconds": round(time.monotonic() - begin, 1),
                "clock": time.monotonic(),
                "rss_mb": round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1),
                "descriptors": count("/proc/self/fd"),
                "threads": count("/proc/self/task"),
            }
        )
        time.sleep(SAMPLE_S)
    return samples


def count(folder: str) -> int:
    return sum(1 for _ in Path(folder).iterdir())


def summarize(samples: list[dict[str, float]], calls: list[Call], minutes: float) -> dict[str, Any]:
    """Compare the last third with the third after the warm-up."""
    warm = samples[len(samples) // 10 :]
    third = max(1, len(warm) // 3)
    first, last = warm[:third], warm[-third:]

    def growth(name: str) -> float:
        before, after = (float(np.median([s[name] for s in part])) for part in (first, last))
        return after / before - 1

    pauses = find_pauses([s["clock"] for s in samples])
    milliseconds = [
        1000 * (call.end - call.begin) / call.images
        for call in calls
        if not any(call.begin < end and begin < call.end for begin, end in pauses)
    ]
    p50, p999 = np.percentile(milliseconds, [50, 99.9])
    return {
        "minutes": minutes,
        "calls": len(calls),
        "pauses": len(pauses),
        "rss_mb": warm[-1]["rss_mb"],
        "rss_growth": round(growth("rss_mb"), 4),
        "descriptor_growth": round(growth("descriptors"), 4),
        "thread_growth": round(growth("threads"), 4),
        "p50_ms_per_image": round(float(p50), 2),
        "p999_over_p50": round(float(p999 / p50), 1),
        "is_flat": growth("rss_mb") <= MOST_GROWTH
        and growth("descriptors") <= 0
        and growth("threads") <= 0,
    }


def find_pauses(clock: list[float]) -> list[tuple[float, float]]:
    """Return the times between samples in which the process was stopped."""
    return [(a, b) for a, b in itertools.pairwise(clock) if b - a > PAUSE_S]


def plot(samples: list[dict[str, float]]) -> Image.Image:
    """Resident memory over time, from 0."""
    picture = Image.new("RGB", PLOT_SIZE, "white")
    draw = ImageDraw.Draw(picture)
    width, height = PLOT_SIZE
    left, bottom = 70, height - 30
    most = 1.2 * max(s["rss_mb"] for s in samples)
    last = max(s["seconds"] for s in samples) or 1
    points = [
        (left + (width - left - 20) * s["seconds"] / last, bottom * (1 - s["rss_mb"] / most))
        for s in samples
    ]
    draw.line([(left, 0), (left, bottom), (width, bottom)], fill="black")
    draw.line(points, fill=(30, 90, 200), width=2)
    draw.text((5, 5), f"{most:.0f} MB", fill="black")
    draw.text((5, bottom - 12), "0 MB", fill="black")
    draw.text((width - 90, bottom + 8), f"{last / 60:.0f} min", fill="black")
    draw.text((left + 10, 5), "resident memory", fill="black")
    return picture


if __name__ == "__main__":
    sys.exit(main())
