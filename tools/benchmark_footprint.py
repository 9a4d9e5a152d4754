"""Measure what kilomark takes of a small board: memory, threads, start and disk.

usage: python tools/benchmark_footprint.py [--json FILE]

Every row is a new process, so the peaks are its own. "Cold" starts first drop the installed
packages from the page cache, as after a boot; pages that another process has mapped stay. Prints
Markdown tables.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

PROGRAM = Path(__file__).parent / "benchmarking" / "footprint_process.py"
MODELS = ("lite", "resnext50")
THREADS = (1, 2, 3, 4)
PACKAGES = ("kilomark", "openvino", "numpy", "Pillow")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=5, help="new processes per row (default: 5)")
    parser.add_argument("--predicts", type=int, default=30, help="per process (default: 30)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all that was measured")
    options = parser.parse_args()
    if not Path("/proc/self/status").exists():
        parser.error("reads /proc, so it runs on Linux only")
    measured = measure(options.starts, options.predicts)
    if options.json:
        options.json.write_text(json.dumps(measured, indent=1) + "\n")
    print(to_markdown(measured))
    return 0


def measure(starts: int, predicts: int) -> dict[str, Any]:
    runs = {
        f"{model}, {threads}": [run(model, threads, predicts) for _ in range(starts)]
        for model in MODELS
        for threads in THREADS
    }
    cold = {model: [run_cold(model) for _ in range(starts)] for model in MODELS}
    one = runs["lite, 1"][0]
    return {
        "cores": len(os.sched_getaffinity(0)),
        "runs": runs,
        "cold": cold,
        "disk_mb": {package: size_mb(installed_files(package)) for package in PACKAGES},
        "idle_libraries_mb": idle_libraries_mb(one["libraries"]),
    }


def run(model: str, threads: int, predicts: int) -> Any:  # noqa: ANN401
    command = [sys.executable, str(PROGRAM), model, str(threads), str(predicts)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{finished.stderr}")
    return json.loads(finished.stdout)


def run_cold(model: str) -> Any:  # noqa: ANN401
    for package in PACKAGES:
        for file in installed_files(package):
            drop_from_page_cache(file)
    return run(model, 1, 0)


def drop_from_page_cache(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def installed_files(package: str) -> list[Path]:
    found = [Path(str(file.locate())) for file in metadata.files(package) or []]
    return [file.resolve() for file in found if file.is_file()]


def size_mb(files: list[Path]) -> float:
    return sum(file.stat().st_size for file in files) / 1e6


def idle_libraries_mb(loaded: list[str]) -> dict[str, float]:
    """OpenVINO's libraries that no step has loaded, largest first."""
    used = {Path(library).resolve() for library in loaded}
    libraries = [file for file in installed_files("openvino") if ".so" in file.name]
    idle = sorted((file for file in libraries if file not in used), key=lambda f: -f.stat().st_size)
    return {file.name: file.stat().st_size / 1e6 for file in idle}


def to_markdown(measured: dict[str, Any]) -> str:
    lines = [f"{measured['cores']} cores", "", *memory_table(measured["runs"])]
    lines += ["", *start_table(measured["runs"], measured["cold"])]
    lines += ["", "| package | MB on disk |", "|---|---|"]
    lines += [f"| {name} | {size:.0f} |" for name, size in measured["disk_mb"].items()]
    lines += ["", "| library of OpenVINO that is never loaded | MB |", "|---|---|"]
    lines += [f"| `{name}` | {size:.1f} |" for name, size in measured["idle_libraries_mb"].items()]
    return "\n".join(lines)


def memory_table(runs: dict[str, list[Any]]) -> list[str]:
    lines = [
        "| network, threads | import | `Detector` | first 1080p frame | at the end | fastest |",
        "|---|---|---|---|---|---|",
    ]
    for name, samples in runs.items():
        peaks = [
            median(sample["steps"][step]["peak_mb"] for sample in samples)
            for step in ("import", "Detector", "first frame")
        ]
        end = median(sample["end_mb"] for sample in samples)
        times = [time for sample in samples for time in sample["predict_ms"]]
        cells = [f"{peak:.0f} MB" for peak in (*peaks, end)]
        lines.append(f"| {name} | {' | '.join(cells)} | {min(times):.0f} ms |")
    return lines


def start_table(runs: dict[str, list[Any]], cold: dict[str, list[Any]]) -> list[str]:
    lines = [
        "| start, one thread: time (processor time) | import | `Detector` | first frame |",
        "|---|---|---|---|",
    ]
    for model in MODELS:
        for kind, samples in (("warm", runs[f"{model}, 1"]), ("cold", cold[model])):
            cells = [start_cell(samples, step) for step in ("import", "Detector", "first frame")]
            lines.append(f"| {model}, {kind} | {' | '.join(cells)} |")
    return lines


def start_cell(samples: list[Any], step: str) -> str:
    wall, cpu = (
        median(sample["steps"][step][kind] for sample in samples) for kind in ("ms", "cpu_ms")
    )
    return f"{wall:.0f} ms ({cpu:.0f})"


if __name__ == "__main__":
    sys.exit(main())
