from __future__ import annotations

import logging
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kilomark import devices
from kilomark.errors import DeviceUnavailableError

if TYPE_CHECKING:
    from pathlib import Path


class FakeDevice:
    def __init__(self, index: int, reason: str = "") -> None:
        self.index = index
        self.reason = reason


class FakeProbe:
    def __init__(self, reason: str, *found: FakeDevice) -> None:
        self.reason = reason
        self.devices = list(found)


def probe_with(monkeypatch: pytest.MonkeyPatch, probe: FakeProbe) -> None:
    monkeypatch.setattr(devices, "probe_cuda", lambda: probe)


def test_probe_without_a_gpu_gives_a_reason() -> None:
    probe = devices.probe_cuda()
    assert probe.reason or any(not device.reason for device in probe.devices)


def test_auto_takes_cuda_where_it_works(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    probe_with(monkeypatch, FakeProbe("", FakeDevice(0), FakeDevice(1)))
    assert devices.choose_device("auto") == "cuda"
    assert devices.available_devices() == ["cpu", "cuda", "cuda:1"]
    assert "device='auto' chose 'cuda'" in caplog.text


def test_auto_says_why_not_cuda(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    probe_with(monkeypatch, FakeProbe("no driver of NVIDIA"))
    with caplog.at_level(logging.INFO, "kilomark"):
        assert devices.choose_device("auto") == "cpu"
    assert "chose 'cpu'; not 'cuda': no driver of NVIDIA" in caplog.text
    assert devices.available_devices() == ["cpu"]


def test_each_gpu_has_its_own_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    probe_with(monkeypatch, FakeProbe("", FakeDevice(0), FakeDevice(1, "it is too old")))
    assert devices.choose_device("cuda:0") == "cuda"
    with pytest.raises(DeviceUnavailableError, match="'cuda:1' cannot be used: it is too old"):
        devices.choose_device("cuda:1")
    with pytest.raises(DeviceUnavailableError, match="there is no GPU 2, there are 2"):
        devices.choose_device("cuda:2")
    assert devices.available_devices() == ["cpu", "cuda"]


def test_a_file_that_is_no_plugin_is_a_reason(tmp_path: Path) -> None:
    plugin = tmp_path / "libkilomark_cuda_trt10.so"
    plugin.write_bytes(b"not a library")
    code = "from kilomark import _core; print(_core.cuda_probe().reason)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"KILOMARK_CUDA_PLUGIN": str(plugin)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "the plugin cannot be loaded" in done.stdout
