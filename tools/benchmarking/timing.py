"""Timing candidates against each other on a machine that does other work too.

The candidates take turns, so that whatever slows the machine down slows all of them; a ratio is
the median of the ratios of the single rounds. Every second round goes in the opposite order, so
that none always follows the same other one. Before each timed call the candidate runs once untimed:
it finds its own data in the caches, and the other's threads have gone to sleep.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

Call = Callable[[], object]
Name = TypeVar("Name")


@dataclass(frozen=True, slots=True)
class Timing:
    """How long each of several calls took."""

    samples_ms: tuple[float, ...]

    @property
    def p50_ms(self) -> float:
        return float(np.percentile(self.samples_ms, 50))

    @property
    def p95_ms(self) -> float:
        return float(np.percentile(self.samples_ms, 95))

    @property
    def best_ms(self) -> float:
        return min(self.samples_ms)


def alternate(
    candidates: Mapping[Name, Call], *, rounds: int, warm_up: int = 3
) -> dict[Name, Timing]:
    """Time each candidate once per round."""
    for call in candidates.values():
        for _ in range(warm_up):
            call()
    samples: dict[Name, list[float]] = {name: [] for name in candidates}
    gc.collect()
    gc.disable()
    try:
        for turn in range(rounds):
            for name, call in list(candidates.items())[:: -1 if turn % 2 else 1]:
                call()
                samples[name].append(_time_once_ms(call))
    finally:
        gc.enable()
    return {name: Timing(tuple(taken)) for name, taken in samples.items()}


def paired_ratio(ours: Timing, rival: Timing) -> float:
    """Median over the rounds of our time over the rival's."""
    return float(np.median(np.divide(ours.samples_ms, rival.samples_ms)))


def _time_once_ms(call: Call) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1e3
