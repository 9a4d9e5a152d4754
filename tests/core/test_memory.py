"""Nothing of a call stays allocated, whether it succeeds or is refused."""

from __future__ import annotations

import contextlib
import gc
from typing import TYPE_CHECKING

import numpy as np
from tests.tiny_bundles import bright_cells
from tools.benchmarking.fresh_process import allocated_mb

from kilomark import InvalidInputError

if TYPE_CHECKING:
    from kilomark import _core

MOST_BYTES_PER_CALL = 50


def allocated_bytes() -> float:
    gc.collect()
    return allocated_mb() * 1e6


def test_no_call_leaves_anything_behind(core: _core.Detector) -> None:
    image = bright_cells((1, 1), (3, 4), (6, 6), (5, 1))
    boxes = np.array([[5, 5, 30, 30]] * 5, np.float32)

    def call_all() -> None:
        core.predict([image, image], ["bgr"] * 2)
        core.predict([image], ["rgb"], boxes=[boxes])
        core.infer("landmarks", np.zeros((4, 3, 32, 32), np.float32))
        with contextlib.suppress(InvalidInputError):
            core.predict([image], ["bgr"], boxes=[boxes * np.nan])

    for _ in range(20):
        call_all()
    before = allocated_bytes()
    for _ in range(200):
        call_all()
    assert (allocated_bytes() - before) / 800 < MOST_BYTES_PER_CALL
