#!/usr/bin/env python3
"""Write a file of landmarks as large as the contest's, and measure how it is read.

usage: python tools/benchmark_contest_reader.py FOLDER [--rows N] [--landmarks K]

The file (3.1 GB for 400,000 rows of 971 landmarks) is the same at each run; FOLDER must have room
for it and for its cache. Needs the train extra.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from kilomark.contest.columns import landmark_columns

DISTINCT_ROWS = 512


def write_table(path: Path, num_rows: int, num_landmarks: int) -> None:
    """Integers of up to three digits; the rows repeat under other file names."""
    values = np.random.default_rng(0).integers(40, 480, (DISTINCT_ROWS, 2 * num_landmarks))
    rows = ["\t".join(map(str, row)) + "\n" for row in values.tolist()]
    with path.open("w") as file:
        file.write("\t".join(["file_name", *landmark_columns(num_landmarks)]) + "\n")
        for row in range(num_rows):
            file.write(f"{row:08d}.jpg\t{rows[row % DISTINCT_ROWS]}")


def measure(path: Path, cache: Path) -> dict[str, float]:
    """Read in a process of its own, so that its peak of memory is the reader's."""
    command = [sys.executable, __file__, "--measure", str(path), str(cache)]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return dict(json.loads(out))


def measure_here(path: Path, cache: Path) -> None:
    from kilomark.contest.table import read_contest_table

    start = time.perf_counter()
    table = read_contest_table(path, cache)
    seconds = time.perf_counter() - start
    usage = resource.getrusage(resource.RUSAGE_SELF)
    figures = {
        "rows": len(table),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_rss_mb": round(usage.ru_maxrss / 1000),
    }
    print(json.dumps(figures))


def main() -> None:
    if sys.argv[1:2] == ["--measure"]:
        measure_here(Path(sys.argv[2]), Path(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--landmarks", type=int, default=971)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    path = args.folder / "landmarks.csv"
    write_table(path, args.rows, args.landmarks)
    print(f"{path}: {path.stat().st_size / 1e9:.2f} GB; {len(os.sched_getaffinity(0))} cores")
    print("first: ", measure(path, args.folder / "cache"))
    print("second:", measure(path, args.folder / "cache"))


if __name__ == "__main__":
    main()
