"""Sections: how soon a new process has its first face, and how much memory it keeps."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from .photos import demo_photo_path
from .results import Row, Section, Target
from .timing import Timing

MODEL = "resnext50"
PROGRAM = Path(__file__).with_name("fresh_process.py")
STARTS = 5
START_LIMIT_MS = 1500.0
MEMORY_LIMIT_MB = 400.0
FLAT_KIB_PER_PREDICT = 0.5  # half a MiB in a thousand predicts


def measure_start(*, rounds: int) -> Section:
    starts = min(STARTS, rounds)
    section = Section(
        "start", f"{starts} new processes, {MODEL} and finder, demo photo from its file"
    )
    runs = [_run(["start", MODEL, demo_photo_path()]) for _ in range(starts)]
    for step in runs[0]:
        section.rows.append(Row(step, Timing(tuple(run[step] for run in runs))))
    total = Timing(tuple(sum(run.values()) for run in runs))
    section.rows.append(Row("import + construct + first predict", total))
    section.targets.append(
        Target("import + construct + first predict", START_LIMIT_MS, total.p50_ms, "ms")
    )
    return section


def measure_memory(*, predicts: int) -> Section:
    section = Section(
        "memory", f"one process, {predicts} predicts of the demo photo, {MODEL} and finder"
    )
    samples = _run(["memory", MODEL, demo_photo_path(), str(predicts)])
    resident_mb = samples["resident_mb"]
    growth = _growth_kib(samples["predicts"], resident_mb)
    leak = _growth_kib(samples["predicts"], samples["allocated_mb"])
    section.rows += [
        Row("resident after the first predicts", figure=resident_mb[0], unit="MB"),
        Row("resident at the end", figure=resident_mb[-1], unit="MB"),
        Row("growth over the second half", figure=growth, unit="KiB/predict"),
        Row("growth of what is allocated", figure=leak, unit="KiB/predict"),
    ]
    section.targets += [
        Target("resident memory at the end", MEMORY_LIMIT_MB, resident_mb[-1], "MB"),
        Target("growth of resident memory", FLAT_KIB_PER_PREDICT, growth, "KiB/predict"),
    ]
    return section


def _growth_kib(predicts: list[float], memory_mb: list[float]) -> float:
    """Slope of a line through the second half, when everything has been used for the first time."""
    half = len(predicts) // 2
    slope_mb = np.polyfit(predicts[half:], memory_mb[half:], 1)[0]
    return float(slope_mb) * 1e6 / 1024


def _run(arguments: list[str]) -> Any:  # noqa: ANN401
    command = [sys.executable, str(PROGRAM), *arguments]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{finished.stderr}")
    return json.loads(finished.stdout)
