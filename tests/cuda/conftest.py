from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.cuda.fake_plans import FINDER_PLAN, LANDMARK_PLAN
from tests.cuda.gpu_memory import FakeMemory, TorchMemory
from tests.needs_gpu import skip_without_gpu

import kilomark.detector
from kilomark.devices import probe_cuda

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cuda.gpu_memory import GpuMemory

    from kilomark.manifest import Bundle

FAKE_PLUGIN = os.environ.get("KILOMARK_FAKE_PLUGIN")
STAND_IN_PLUGIN = os.environ.get("KILOMARK_STAND_IN_PLUGIN")


@pytest.fixture
def fake_gpu(monkeypatch: pytest.MonkeyPatch) -> FakeMemory:
    """A machine with a GPU that is none: the plugin on the C++ tests' driver and TensorRT."""
    if not FAKE_PLUGIN:
        pytest.skip("KILOMARK_FAKE_PLUGIN does not name the C++ tests' libkilomark_cuda_fake.so")
    _use_fake_plans(monkeypatch, FAKE_PLUGIN)
    return FakeMemory()


@pytest.fixture
def real_gpu(monkeypatch: pytest.MonkeyPatch) -> TorchMemory:
    """This machine's GPU: the plugin on CUDA, and the C++ tests' stand-in for TensorRT."""
    if not STAND_IN_PLUGIN:
        pytest.skip(
            "KILOMARK_STAND_IN_PLUGIN does not name the C++ tests' libkilomark_cuda_stand_in.so"
        )
    _use_fake_plans(monkeypatch, STAND_IN_PLUGIN)
    skip_without_gpu(probe_cuda().reason)
    return TorchMemory()


@pytest.fixture(params=["fake_gpu", "real_gpu"])
def gpu(request: pytest.FixtureRequest) -> GpuMemory:
    """Memory of the fake GPU, then of this machine's."""
    memory: GpuMemory = request.getfixturevalue(request.param)
    return memory


@pytest.fixture
def gpu_detector(
    gpu: GpuMemory,  # noqa: ARG001 - from here on
    tiny: Path,
    tiny_faces: Path,
) -> kilomark.Detector:
    return kilomark.Detector(
        tiny, finder=tiny_faces, device="cuda", rescoring=None, presence_threshold=0
    )


def _use_fake_plans(monkeypatch: pytest.MonkeyPatch, plugin: str) -> None:
    monkeypatch.setenv("KILOMARK_CUDA_PLUGIN", plugin)

    def fake_models(
        device: str, bundles: list[Bundle], *, max_batch: int
    ) -> tuple[str, list[bytes]]:
        assert max_batch > 0
        return device, [LANDMARK_PLAN, FINDER_PLAN][: len(bundles)]

    monkeypatch.setattr("kilomark.network_loading.device_models", fake_models)
