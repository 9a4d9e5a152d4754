"""A process that may not have more memory says so, and does not blame the network."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys

import pytest


@pytest.mark.parametrize("limit_mb", [400, 500, 600])
def test_too_little_memory_is_said(limit_mb: int) -> None:
    command = [sys.executable, "-m", "kilomark.cli.main", "predict", "--demo", "--model", "lite"]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (limit_mb << 20, limit_mb << 20))

    # OpenVINO's CPU plugin writes to a null pointer where it does not check an allocation: in one
    # of 40 runs at 700 MB, in one of 200 at 400 MB. So one such end is forgiven.
    for _ in range(2):
        done = subprocess.run(
            [*command, "--threads", "1"],
            preexec_fn=limit, capture_output=True, text=True, timeout=100,
        )  # fmt: skip
        if done.returncode != -signal.SIGSEGV:
            break
    assert done.returncode in (0, 1, 2), done.stderr  # no signal, no abort
    if done.returncode == 0:
        pytest.skip(f"{limit_mb} MB are enough here")
    assert any(words in done.stderr for words in ("out of memory", "does not fit into memory"))
    assert "Traceback" not in done.stderr
