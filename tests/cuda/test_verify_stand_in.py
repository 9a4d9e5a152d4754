"""tools/verify_gpu.py on the fake GPU, whose TensorRT runs the plans of the stand-in as well."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("onnx")

from tests.cuda.conftest import FAKE_PLUGIN

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(
    not FAKE_PLUGIN, reason="KILOMARK_FAKE_PLUGIN does not name libkilomark_cuda_fake.so"
)
def test_all_but_tensorrt_is_checked(root: Path, tmp_path: Path) -> None:
    options = ["--iterations", "60", "--largest-batch", "8", "--faces", "8"]
    done = subprocess.run(
        [sys.executable, str(root / "tools/verify_gpu.py"), "--stand-in", str(FAKE_PLUGIN),
         *options, "--out", str(tmp_path / "report")],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / "report.json").read_text())["bundles"]["stand-in"]
    statuses = {check["name"]: check["status"] for check in found}
    assert statuses.keys().isdisjoint({"engine", "half", "finder"})
    of_torch = {"device-input", "streams"}  # the fake GPU cannot read memory of a real one
    assert {statuses[name] for name in of_torch} == {"not checked"}
    assert {status for name, status in statuses.items() if name not in of_torch} == {"pass"}
