"""Ten thousand calls leave the memory as it was."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np

from kilomark.devices import cuda_index

from . import limits
from .outcomes import Figures, require
from .subject import Subject, boxes, frames

SAMPLES = 50  # of the host's memory; a tenth as many of the GPU's, each of which takes a process


def memory_stays(subject: Subject) -> Figures:
    """Host and device memory do not grow over many calls of changing batches."""
    pictures, given = frames(4), boxes(8)
    detector = subject.detector()
    every = max(1, subject.iterations // SAMPLES)
    for count in range(1, 1 + len(given)):  # buffers are allocated for each batch size's first call
        detector.predict(pictures[0], boxes=given[:count])
    host, device = [], []
    for iteration in range(subject.iterations):
        count = 1 + iteration % len(given)
        detector.predict(pictures[iteration % len(pictures)], boxes=given[:count])
        if iteration % every == 0:
            host.append(_host_kib())
        if iteration % (10 * every) == 0:
            device.append(_device_mib(subject.device))
    device.append(_device_mib(subject.device))
    settled = max(1, len(host) // 10)
    growth_kib = float(np.median(host[-settled:]) - np.median(host[settled : 2 * settled]))
    used = [value for value in device if value is not None]
    growth_mib = used[-1] - used[min(1, len(used) - 1)] if used else None
    figures = {
        "iterations": subject.iterations,
        "host_growth_kib": growth_kib,
        "device_growth_mib": growth_mib,
        "host_mib": [host[0] / 1024, host[-1] / 1024],
        "device_mib": [used[0], used[-1]] if used else None,
    }
    require(growth_kib <= limits.HOST_GROWTH_KIB, f"the host's grew by {growth_kib} KiB", figures)
    require(
        growth_mib is None or growth_mib <= limits.DEVICE_GROWTH_MIB,
        f"the GPU's grew by {growth_mib} MiB", figures,
    )  # fmt: skip
    return figures


def _host_kib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


def _device_mib(device: str) -> int | None:
    """Memory in use on the GPU, by the driver's tool; None where there is neither."""
    index = cuda_index(device)
    if index is None:
        return None
    try:
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits",
             f"--id={index}"],
            capture_output=True, text=True, timeout=30, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):  # a Jetson has none
        return None
    return int(done.stdout.split()[0])
