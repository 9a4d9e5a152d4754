"""Networks on all cores share the threads that compute."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/task").is_dir() or len(os.sched_getaffinity(0)) < 2,
    reason="needs Linux and two cores",
)

PROGRAM = """
import os, sys
import numpy as np
from kilomark import Detector

def added_threads(num_threads):
    before = len(os.listdir("/proc/self/task"))
    detectors.append(Detector(sys.argv[1], finder=sys.argv[2], num_threads=num_threads))
    detectors[-1].predict([np.zeros((64, 64, 3), np.uint8)] * 2)
    return len(os.listdir("/proc/self/task")) - before

detectors = []
cores = len(os.sched_getaffinity(0))
added_threads(cores)
print(added_threads(cores), added_threads(1))
"""


def test_networks_on_all_cores_share_threads(tiny: Path, tiny_faces: Path) -> None:
    # With a queue of work each, oneTBB keeps memory of every call; see openvino_session.cpp.
    command = [sys.executable, "-c", PROGRAM, str(tiny), str(tiny_faces)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    shared, own = map(int, done.stdout.split())
    assert 0 < shared < own
