from __future__ import annotations

import json
import re
from importlib import metadata
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from kilomark import diagnosis
from kilomark.cli.main import main
from kilomark.devices import probe_cuda

if TYPE_CHECKING:
    from pathlib import Path


def test_the_doctor_says_what_is_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    facts = {section: dict(rows) for section, rows in found["sections"].items()}
    assert facts["networks"].keys() == {
        "eyes", "faces", "faces-large", "lite", "resnext50", "resnext50-turned", "wild",
    }  # fmt: skip
    assert facts["versions"]["OpenVINO"].startswith(f"{metadata.version('openvino')} in ")
    assert "libopenvino_c" in facts["versions"]["OpenVINO"]
    assert re.fullmatch(
        "usable; the face detector computes in (bf16|fp32), other networks in fp32",
        facts["devices"]["cpu"],
    )
    if probe_cuda().reason:
        assert probe_cuda().reason in facts["devices"]["cuda"]
    assert found["problems"] == []


@pytest.mark.parametrize("path", ["", "/kilomark/libkilomark_cuda_trt10.so"])
def test_a_plugin_without_a_driver_is_present(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    versions = {"driver_version": "", "runtime_version": "", "tensorrt_version": ""}
    reason = "there is no NVIDIA driver"
    probe = SimpleNamespace(reason=reason, devices=[], plugin_path=path, **versions)
    monkeypatch.setattr(diagnosis, "probe_cuda", lambda: probe)
    said = dict(diagnosis.diagnose().sections["devices"])["cuda"]
    assert reason in said
    assert ("plugin present; " in said) == bool(path)


def test_a_missing_openvino_is_a_problem_with_its_remedy(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = SimpleNamespace(version="", path="", reason="no library of OpenVINO (gone)")
    monkeypatch.setattr(diagnosis, "probe_openvino", lambda: missing)
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out.splitlines()[-1]
    assert said.startswith("PROBLEM: found no library of OpenVINO (gone); expected openvino>=2026")
    assert "pip install 'openvino>=2026" in said


def test_a_cache_that_cannot_be_written_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOMARK_ENGINES", str(tmp_path / "engines"))
    monkeypatch.setattr(diagnosis.os, "access", lambda path, _: path != tmp_path)
    (problem,) = diagnosis.diagnose().problems
    assert f"{tmp_path} is not writable" in problem
    assert "set KILOMARK_ENGINES" in problem


@pytest.mark.parametrize(
    ("text", "said"), [("150000 100000", "1.5 cores"), ("max 100000", "none"), ("", "none")]
)
def test_the_container_limit_is_read(monkeypatch: pytest.MonkeyPatch, text: str, said: str) -> None:
    monkeypatch.setattr(diagnosis, "_read", lambda _: text)
    assert dict(diagnosis._processor())["container limit"].startswith(said)
