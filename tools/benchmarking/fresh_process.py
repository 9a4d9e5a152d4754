"""A new process that measures itself and prints JSON; run by start_and_memory.py.

usage: fresh_process.py start MODEL PHOTO
       fresh_process.py memory MODEL PHOTO PREDICTS

Only the standard library is imported before the clock starts.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
from pathlib import Path

SAMPLE_EVERY = 20
MALLINFO2_FIELDS = (
    *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
    *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
)


def time_start(model: str, photo: str) -> dict[str, float]:
    """Import, construct and predict, each for the first time; milliseconds."""
    start = time.perf_counter()
    import kilomark

    imported = time.perf_counter()
    detector = kilomark.Detector(model)
    constructed = time.perf_counter()
    detector.predict(photo)
    predicted = time.perf_counter()
    return {
        "import": (imported - start) * 1e3,
        "construct": (constructed - imported) * 1e3,
        "first predict": (predicted - constructed) * 1e3,
    }


def sample_memory(model: str, photo: str, num_predicts: int) -> dict[str, list[float]]:
    """Memory in MB (10^6 bytes) after every few predicts of the same photo.

    What is allocated and not freed tells a leak from memory that the allocator keeps for later.
    """
    import kilomark

    detector = kilomark.Detector(model)
    samples: dict[str, list[float]] = {"predicts": [], "resident_mb": [], "allocated_mb": []}
    for count in range(1, num_predicts + 1):
        detector.predict(photo)
        if count % SAMPLE_EVERY == 0:
            samples["predicts"].append(count)
            samples["resident_mb"].append(_resident_mb())
            samples["allocated_mb"].append(allocated_mb())
    return samples


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def allocated_mb() -> float:
    """What is allocated by malloc and not freed, as glibc counts it."""

    class Mallinfo2(ctypes.Structure):
        _fields_ = [(name, ctypes.c_size_t) for name in MALLINFO2_FIELDS]

    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = Mallinfo2
    info = mallinfo2()
    return float(info.uordblks + info.hblkhd) / 1e6


if __name__ == "__main__":
    task, model, photo, *rest = sys.argv[1:]
    measured = (
        time_start(model, photo) if task == "start" else sample_memory(model, photo, int(rest[0]))
    )
    print(json.dumps(measured))
