"""A process may end while a detector is alive, or even at work."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.cuda.fake_plans import LANDMARK_PLAN

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import builtins, sys, threading
import numpy as np
import kilomark.network_loading
kilomark.network_loading.device_models = lambda *_, **__: ("cuda", [PLAN])
detector = kilomark.Detector(sys.argv[1], finder=None, device="cuda")
image = np.full((90, 120, 3), 7, np.uint8)
box = [10, 20, 60, 70]
assert len(detector.predict(image, boxes=box)) == 1
"""
KEPT = {
    "by a module": "",
    "by builtins": "builtins.kept = detector",
    "by a cycle": "holder = [detector]; holder.append(holder); del detector",
    "at work in daemons": """
started = threading.Event()
def work():
    while True:
        detector.predict(image, boxes=box)
        started.set()
for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
assert started.wait(200)
""",
}


@pytest.mark.usefixtures("fake_gpu")
@pytest.mark.parametrize("kept", KEPT.values(), ids=KEPT.keys())
def test_a_process_ends_with_a_live_detector(tiny: Path, kept: str) -> None:
    program = PROGRAM.replace("PLAN", repr(LANDMARK_PLAN)) + kept
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tiny)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")
