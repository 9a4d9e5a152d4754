from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tools.benchmarking.crop import crop_to_frame
from tools.benchmarking.photos import FACE_IN_PHOTO, PHOTO_SIDE, face_box, frame
from tools.benchmarking.results import NotInstalledError, Section, Target
from tools.benchmarking.table import format_section, format_targets
from tools.benchmarking.timing import Timing, alternate, paired_ratio

from kilomark.devices import probe_cuda

if TYPE_CHECKING:
    from pathlib import Path


def test_candidates_take_turns() -> None:
    calls: list[str] = []
    timings = alternate(
        {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, rounds=3, warm_up=1
    )
    # Each timed call follows an untimed one, and every second round has the opposite order.
    assert "".join(calls) == "ab" + "aabb" + "bbaa" + "aabb"
    assert [len(timing.samples_ms) for timing in timings.values()] == [3, 3]


def test_a_ratio_compares_calls_of_the_same_round() -> None:
    slow_machine_later = Timing((1.0, 1.0, 10.0)), Timing((2.0, 2.0, 20.0))
    assert paired_ratio(*slow_machine_later) == 0.5


def test_percentiles() -> None:
    timing = Timing(tuple(float(value) for value in range(101)))
    assert (timing.p50_ms, timing.p95_ms, timing.best_ms) == (50, 95, 0)


@pytest.mark.parametrize(
    ("measured", "verdict"), [(1.0, "pass"), (1.1, "FAIL"), (None, "not measured")]
)
def test_verdict(measured: float | None, verdict: str) -> None:
    target = Target("t", 1.0, measured)
    assert target.verdict == verdict
    assert verdict in format_targets([target])


def test_a_missing_rival_is_reported() -> None:
    section = Section("title", "conditions")
    with section.rival("Rival"):
        raise NotInstalledError("pip install rival")
    section.hold_to("target", {"ours": Timing((1.0,))}, "ours", "Rival", limit=1)
    assert "not installed: pip install rival" in format_section(section)
    assert section.targets[0].verdict == "not measured"
    assert json.dumps(section.to_dict())


def test_frame_shows_the_photo_in_the_middle() -> None:
    image = frame(1920, 1080)
    assert image.shape == (1080, 1920, 3)
    x0, y0, x1, y1 = face_box(1920, 1080)
    assert (y0, y1) == pytest.approx([FACE_IN_PHOTO[i] * 1080 / PHOTO_SIDE for i in (1, 3)])
    assert 420 < x0 < x1 < 1500


def test_both_crops_are_of_the_same_place() -> None:
    matrix = crop_to_frame((100.0, 50.0), side=256.0, size=128, angle_deg=0.0)
    corner_center = matrix @ (0, 0, 1)
    np.testing.assert_allclose(corner_center, (100 - 128 + 1 - 0.5, 50 - 128 + 1 - 0.5))


def test_help_names_the_sections(root: Path) -> None:
    command = [sys.executable, str(root / "tools/benchmark.py"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "whole-frame" in done.stdout


@pytest.mark.skipif(not probe_cuda().reason, reason="there is a GPU")
@pytest.mark.parametrize(("options", "code"), [([], 0), (["--check"], 1)])
def test_without_a_gpu_it_says_why_and_meets_no_target(
    root: Path, options: list[str], code: int
) -> None:
    command = [sys.executable, str(root / "tools/benchmark.py"), "--device", "cuda"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=300)
    assert done.returncode == code, done.stderr
    assert "not measured: device 'cuda' cannot be used" in done.stdout
    assert "batch 64: kilomark / torch.compile" in done.stdout
