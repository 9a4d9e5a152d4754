from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.cuda.fake_plans import FINDER_PLAN, LANDMARK_PLAN

import kilomark.detector

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark.manifest import Bundle

FAKE_PLUGIN = os.environ.get("KILOMARK_FAKE_PLUGIN")


@pytest.fixture
def fake_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with a GPU that is none: the plugin on the C++ tests' driver and TensorRT."""
    if not FAKE_PLUGIN:
        pytest.skip("KILOMARK_FAKE_PLUGIN does not name the C++ tests' libkilomark_cuda_fake.so")
    monkeypatch.setenv("KILOMARK_CUDA_PLUGIN", FAKE_PLUGIN)

    def fake_models(
        device: str, bundles: list[Bundle], *, max_batch: int
    ) -> tuple[str, list[bytes]]:
        assert max_batch > 0
        return device, [LANDMARK_PLAN, FINDER_PLAN][: len(bundles)]

    monkeypatch.setattr(kilomark.detector, "device_models", fake_models)


@pytest.fixture
def gpu_detector(
    fake_gpu: None,  # noqa: ARG001
    tiny: Path,
    tiny_faces: Path,
) -> kilomark.Detector:
    return kilomark.Detector(tiny, faces=tiny_faces, device="cuda", presence_threshold=0)
