"""A program that finds faces still handles its signals."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import signal, sys
import numpy as np
from kilomark import Detector

signal.signal(signal.SIGINT, signal.default_int_handler)  # which a job in the background ignores
detectors = [Detector(sys.argv[1], finder=None) for _ in range(3)]
image = np.zeros((64, 64, 3), np.uint8)
for detector in detectors:
    detector.predict(image, boxes=[[5, 5, 30, 30]])
del detector
while detectors:
    del detectors[{freed}]
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize("freed", [0, -1], ids=["oldest first", "newest first"])
def test_ctrl_c_interrupts_after_detectors_are_freed(tiny: Path, freed: int) -> None:
    # OpenVINO gives the thread a stack for signal handlers; it must not be freed under it.
    command = [sys.executable, "-c", PROGRAM.format(freed=freed), str(tiny)]

    done = subprocess.run(command, capture_output=True, text=True, timeout=300)

    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr
