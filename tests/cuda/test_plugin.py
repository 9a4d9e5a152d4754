"""The CUDA plugin itself, as far as it goes on a machine without a GPU."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from kilomark import Detector
from kilomark.devices import probe_cuda
from kilomark.errors import DeviceUnavailableError

PLUGIN = os.environ.get("KILOMARK_BUILT_PLUGIN", "")


@pytest.fixture(autouse=True)
def built_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    if not PLUGIN:
        pytest.skip("KILOMARK_BUILT_PLUGIN does not name a libkilomark_cuda_trt10.so")
    monkeypatch.setenv("KILOMARK_CUDA_PLUGIN", PLUGIN)


def test_loads_and_says_what_there_is() -> None:
    probe = probe_cuda()
    assert probe.plugin_path == PLUGIN
    assert re.fullmatch(r"\d+\.\d+", probe.runtime_version)
    if probe.reason:
        assert "driver" in probe.reason or "TensorRT" in probe.reason
    else:
        assert probe.devices
        assert len(probe.tensorrt_version.split(".")) == 4


def test_without_a_gpu_the_device_is_refused_with_the_reason(tiny: Path) -> None:
    reason = probe_cuda().reason
    if not reason:
        pytest.skip("there is a GPU; tools/verify_gpu.py tests it")
    with pytest.raises(DeviceUnavailableError, match=re.escape(reason)):
        Detector(tiny, finder=None, device="cuda")
    assert Detector(tiny, finder=None, device="auto").device == "cpu"


def test_needs_neither_driver_nor_tensorrt_to_load() -> None:
    listed = subprocess.run(["ldd", PLUGIN], capture_output=True, text=True, check=True).stdout
    assert "not found" not in listed
    for library in ("libcuda.so", "libcudart", "libnvinfer", "libpython"):
        assert library not in listed


def test_exports_its_abi_and_nothing_else() -> None:
    command = ["nm", "-D", "--defined-only", PLUGIN]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    names = {line.split()[-1] for line in listed.splitlines()}
    assert names == {"kilomark_cuda_abi_version", "kilomark_cuda_plugin_api"}
    assert Path(PLUGIN).stat().st_size < 8 << 20
