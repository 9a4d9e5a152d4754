"""What each photo of a collection costs: processor time of decoding and of the networks.

usage: python tools/measure_photo_costs.py FOLDER --out costs.json [--model lite] [--most 2000]

`tools/simulate_cluster.py` draws from the result. No photo and no name of one is in it.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

import kilomark
from kilomark.folder import find_photos
from kilomark.images import to_core_pixels
from kilomark.raw_images import RawImage


def measure(detector: kilomark.Detector, path: Path) -> dict[str, float] | None:
    begin = time.process_time()
    try:
        pixels = to_core_pixels(path)
    except kilomark.InvalidInputError:
        return None
    decoded = time.process_time()
    faces = detector.predict(RawImage(pixels.array, pixels.format))
    return {
        "decode_ms": (decoded - begin) * 1e3,
        "networks_ms": (time.process_time() - decoded) * 1e3,
        "faces": len(faces),
        "megapixels": pixels.width * pixels.height / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", default="lite")
    parser.add_argument("--most", type=int, default=2000, help="photos (default: %(default)s)")
    options = parser.parse_args()

    detector = kilomark.Detector(options.model, device="cpu", num_threads=1)
    source = find_photos(options.folder)
    chosen = np.random.default_rng(0).permutation(source.names)[: options.most]
    measure(detector, source.path(chosen[0]))  # the first call is slower
    costs = [cost for name in chosen if (cost := measure(detector, source.path(name)))]
    columns = {name: [round(cost[name], 3) for cost in costs] for name in costs[0]}
    options.out.write_text(json.dumps({"model": options.model, **columns}))
    for name, values in columns.items():
        low, middle, high, highest = np.percentile(values, [5, 50, 95, 99])
        print(
            f"{name:12} mean {np.mean(values):8.2f}  p5 {low:8.2f}  p50 {middle:8.2f}  "
            f"p95 {high:8.2f}  p99 {highest:8.2f}"
        )


if __name__ == "__main__":
    main()
