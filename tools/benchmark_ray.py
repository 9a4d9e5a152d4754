"""What Ray costs: `kilomark folder` and `kilomark.ray` on the same photos and the same cores.

usage: python tools/benchmark_ray.py [--photos 1024] [--rounds 3]

Both run in processes of their own, in turns. Their rate is that between the first and the last
chunk, when all processes are up; the time until the first chunk is shown beside it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmark_folder import make_photos

PHOTOS_PER_CHUNK = 32
EXAMPLE = Path(__file__).parent.parent / "examples" / "ray_folder.py"


@dataclass(frozen=True, slots=True)
class Run:
    photos_per_s: float
    start_s: float
    """Until the first chunk."""
    start_processor_s: float
    """Processor time of all processes until the first chunk."""
    processor_ms: float
    """Processor time of a photo after it, over all processes: those of Ray itself too."""


def run(command: list[str], out: Path) -> Run:
    shutil.rmtree(out, ignore_errors=True)
    begin = time.time()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    spent: dict[int, float] = {}
    first = None
    while process.poll() is None:
        time.sleep(0.1)
        spent.update(processor_s_of(process.pid))
        if first is None and any(out.glob("faces-*")):
            first = (len(list(out.glob("faces-*"))), sum(spent.values()))
    assert process.returncode == 0, command
    assert first is not None
    ends = sorted(path.stat().st_mtime for path in out.glob("faces-*"))
    return Run(
        PHOTOS_PER_CHUNK * (len(ends) - 1) / (ends[-1] - ends[0]),
        ends[0] - begin,
        first[1],
        (sum(spent.values()) - first[1]) / (len(ends) - first[0]) / PHOTOS_PER_CHUNK * 1e3,
    )


def processor_s_of(root: int) -> dict[int, float]:
    """The processor time of a process and of all that descend from it."""
    parents, spent = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        parents[int(folder.name)] = int(fields[1])
        spent[int(folder.name)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def descends(process: int) -> bool:
        while process in parents and process != root:
            process = parents[process]
        return process == root

    return {process: seconds for process, seconds in spent.items() if descends(process)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        folder, out = Path(name) / "photos", Path(name) / "out"
        folder.mkdir()
        make_photos(folder, options.photos)
        ends = [str(folder), "-o", str(out), "--model", "lite", "--device", "cpu", "--quiet"]
        alone = [sys.executable, "-m", "kilomark", "folder", *ends]
        alone += ["--photos-per-file", str(PHOTOS_PER_CHUNK)]
        ray = [sys.executable, str(EXAMPLE), str(folder), str(out), "--cpus", str(cores)]
        ray += ["--photos-per-file", str(PHOTOS_PER_CHUNK)]
        ray_1 = [*ray[:5], "1", *ray[6:]]
        candidates = {"folder": alone, "Ray, 1 worker": ray, "Ray, a worker a core": ray_1}
        results = {name: [] for name in candidates}
        for _ in range(options.rounds):
            for name, command in candidates.items():
                results[name].append(run(command, out))
                print(f"{name:22} {results[name][-1]}", flush=True)
    print("medians:")
    for name, runs in results.items():
        print(
            f"{name:22} {median(item.photos_per_s for item in runs):7.1f} photos/s, "
            f"{median(item.processor_ms for item in runs):6.2f} ms of processor time a photo; "
            f"first chunk after {median(item.start_s for item in runs):5.1f} s and "
            f"{median(item.start_processor_s for item in runs):5.1f} s of processor time"
        )


if __name__ == "__main__":
    main()
