from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from kilomark.engines import BatchProfile, EngineCache, EngineKey, EngineTarget, device_models
from kilomark.engines.device_models import device_models as choose

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark.manifest import Bundle

GPU = SimpleNamespace(name="NVIDIA Test GPU", compute_capability=(8, 9), reason="")
PROBE = SimpleNamespace(reason="", tensorrt_version="10.14.1.48", devices=[GPU, GPU])
PLAN = b"a plan"


@pytest.fixture
def with_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> EngineCache:
    """Let this machine have a GPU, its driver and TensorRT, and an engine cache of its own."""
    monkeypatch.setenv("KILOMARK_ENGINES", str(tmp_path))
    monkeypatch.setattr(device_models, "probe_cuda", lambda: PROBE)
    monkeypatch.setattr(
        device_models, "choose_device", lambda device: "cuda" if device == "auto" else device
    )
    return EngineCache(tmp_path)


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What is asked to be built."""
    asked: list[tuple[Any, ...]] = []

    def build(*wanted: object) -> bytes:
        asked.append(wanted)
        return PLAN

    monkeypatch.setattr(device_models, "find_or_build_engine", build)
    return asked


def test_the_cpu_runs_the_model_itself(bundle: Bundle) -> None:
    assert choose("cpu", [bundle], max_batch=4) == ("cpu", [bundle.model])


def test_a_gpu_asked_for_by_name_gets_an_engine_built(
    with_gpu: EngineCache, built: list[tuple[Any, ...]], bundle: Bundle
) -> None:
    assert with_gpu.folder.is_dir()
    assert choose("cuda:1", [bundle], max_batch=4) == ("cuda:1", [PLAN])
    target = EngineTarget("NVIDIA Test GPU", (8, 9), "10.14.1.48", gpu_index=1)
    assert built == [(bundle, target, BatchProfile(32, 32, max_batch=4))]


def test_auto_takes_the_gpu_if_every_engine_is_there(
    with_gpu: EngineCache, built: list[tuple[Any, ...]], bundle: Bundle
) -> None:
    target = EngineTarget.of_probe(PROBE)
    profile = BatchProfile(32, 32, max_batch=16)
    with_gpu.write(EngineKey.of(bundle, "fp16", profile, target), PLAN, {})
    assert choose("auto", [bundle], max_batch=4) == ("cuda", [PLAN])
    assert built == []


def test_auto_builds_nothing_and_says_what_is_missing(
    with_gpu: EngineCache, built: list[tuple[Any, ...]], bundle: Bundle,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    assert with_gpu.folder.is_dir()
    caplog.set_level(logging.INFO)
    assert choose("auto", [bundle], max_batch=4) == ("cpu", [bundle.model])
    assert built == []
    assert "no engine of 'tiny' for NVIDIA Test GPU yet" in caplog.messages[-1]
