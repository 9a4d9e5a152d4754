"""A new process that measures its own footprint and prints JSON; run by benchmark_footprint.py.

usage: footprint_process.py MODEL THREADS PREDICTS

Only the standard library is imported before the clock starts. The frame is made before the last
peak is read, so it counts: 6 MB for 1920 x 1080.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

FRAME_SIZE = 1920, 1080


def measure(model: str, num_threads: int, num_predicts: int) -> dict[str, object]:
    """Time and processor time in ms and peak memory in MB of each step, and what is loaded."""
    steps: dict[str, dict[str, float]] = {}
    start, start_cpu = time.perf_counter(), time.process_time()

    def finish(step: str) -> None:
        nonlocal start, start_cpu
        now, now_cpu = time.perf_counter(), time.process_time()
        steps[step] = {
            "ms": (now - start) * 1e3,
            "cpu_ms": (now_cpu - start_cpu) * 1e3,
            "peak_mb": peak_mb(),
        }
        start, start_cpu = time.perf_counter(), time.process_time()

    finish("python")
    import kilomark

    finish("import")
    detector = kilomark.Detector(model, num_threads=num_threads)
    finish("Detector")
    frame = make_frame(kilomark)
    finish("frame")
    faces = detector.predict(frame)
    finish("first frame")
    times = [time_predict(detector, frame) for _ in range(num_predicts)]
    return {
        "steps": steps,
        "faces": len(faces),
        "predict_ms": times,
        "end_mb": peak_mb(),
        "libraries": loaded_libraries(),
    }


def time_predict(detector: object, frame: object) -> float:
    start = time.perf_counter()
    detector.predict(frame)  # type: ignore[attr-defined]
    return (time.perf_counter() - start) * 1e3


def make_frame(kilomark: object) -> object:
    """The demo photo in the middle of a gray frame of 1920 x 1080, BGR."""
    import numpy as np
    from PIL import Image

    folder = Path(kilomark.__file__).parent  # type: ignore[attr-defined]
    frame = Image.new("RGB", FRAME_SIZE, (128, 128, 128))
    with Image.open(folder / "demo" / "astronaut.jpg") as photo:
        frame.paste(photo, tuple((a - b) // 2 for a, b in zip(FRAME_SIZE, photo.size, strict=True)))
    return np.ascontiguousarray(np.asarray(frame)[:, :, ::-1])


def peak_mb() -> float:
    """Peak resident memory of this process so far, in MB (10^6 bytes)."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024 / 1e6  # type: ignore[index]


def loaded_libraries() -> list[str]:
    """The shared libraries that this process has mapped."""
    maps = Path("/proc/self/maps").read_text()
    return sorted(set(re.findall(r"(/\S+\.so[.\d]*)$", maps, re.MULTILINE)))


if __name__ == "__main__":
    name, threads, predicts = sys.argv[1:]
    print(json.dumps(measure(name, int(threads), int(predicts))))
