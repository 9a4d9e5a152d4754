"""A new process that measures itself and prints JSON; run by start_and_memory.py.

usage: fresh_process.py start MODEL PHOTO
       fresh_process.py memory MODEL PHOTO PREDICTS

Only the standard library is imported before the clock starts.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

SAMPLE_EVERY = 20


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
    """Resident memory in MB (10^6 bytes) after every few predicts of the same photo."""
    import kilomark

    detector = kilomark.Detector(model)
    predicts: list[float] = []
    resident_mb: list[float] = []
    for count in range(1, num_predicts + 1):
        detector.predict(photo)
        if count % SAMPLE_EVERY == 0:
            predicts.append(count)
            resident_mb.append(_resident_mb())
    return {"predicts": predicts, "resident_mb": resident_mb}


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    task, model, photo, *rest = sys.argv[1:]
    measured = (
        time_start(model, photo) if task == "start" else sample_memory(model, photo, int(rest[0]))
    )
    print(json.dumps(measured))
