from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def test_every_stage_and_the_whole_are_measured(
    root: Path, faces_dir: Path, scenes_dir: Path, cache_dir: Path
) -> None:
    command = [sys.executable, str(root / "tools/benchmark_pipeline.py"), "--samples", "20"]
    folders = ["--faces", str(faces_dir), "--scenes", str(scenes_dir), "--cache", str(cache_dir)]

    done = subprocess.run(
        [*command, *folders], capture_output=True, text=True, timeout=300, env=dict(os.environ)
    )

    assert done.returncode == 0, done.stderr
    rates = re.findall(r"^(\w.*?)  +[\d.]+ +[\d.]+ +([\d,]+)$", done.stdout, re.MULTILINE)
    names = [name for name, _ in rates]
    assert len(names) == 10
    assert names[-2:] == [f"whole sample, images decoded {when}" for when in ("once", "always")]
    assert f"JPEG decoded: {rates[-1][1]}, " in done.stdout
