"""The whole way on a fake GPU: a bundle is converted, its engine built, kept, loaded and run.

TensorRT's Python package is the fake of tests/engines, the driver and TensorRT's library are those
of the C++ tests. All between them is what runs on a GPU.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="needs the gpu extra: pip install '.[gpu]'")

from tests.cuda.conftest import FAKE_PLUGIN
from tests.cuda.fake_plans import LANDMARK_PLAN

from kilomark import Detector
from kilomark.devices import probe_cuda

FAKE_TENSORRT = Path(__file__).parent.parent / "engines" / "fake_tensorrt"
NOISE = np.random.default_rng(3).integers(0, 256, (90, 120, 3), np.uint8)
BOXES = np.array([[10, 20, 60, 70], [-20, 5, 40, 30], [90, 60, 130, 95]], np.float32)


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The engine cache of a machine with a fake GPU."""
    if not FAKE_PLUGIN:
        pytest.skip("KILOMARK_FAKE_PLUGIN does not name the C++ tests' libkilomark_cuda_fake.so")
    paths = [str(FAKE_TENSORRT), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.syspath_prepend(str(FAKE_TENSORRT))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    monkeypatch.setenv("KILOMARK_CUDA_PLUGIN", FAKE_PLUGIN)
    monkeypatch.setenv("FAKE_TENSORRT_VERSION", probe_cuda().tensorrt_version)
    monkeypatch.setenv("FAKE_TENSORRT_PLAN", LANDMARK_PLAN.decode())
    monkeypatch.setenv("KILOMARK_ENGINES", str(tmp_path))
    return tmp_path


def test_a_detector_builds_its_engine_once_and_answers_as_the_cpu(
    engines: Path, tiny: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = Detector(tiny, finder=None, device="cpu").predict(NOISE, boxes=BOXES)
    for _ in range(2):
        found = Detector(tiny, finder=None, device="cuda").predict(NOISE, boxes=BOXES)
        for face, other in zip(found, wanted, strict=True):
            np.testing.assert_allclose(face.landmarks, other.landmarks, atol=1e-3)
    assert len(list(engines.glob("*.engine"))) == 1
    assert sum("takes minutes" in message for message in caplog.messages) == 1


def test_auto_takes_the_gpu_once_there_is_an_engine(engines: Path, tiny: Path) -> None:
    assert Detector(tiny, finder=None, device="auto").device == "cpu"
    Detector(tiny, finder=None, device="cuda")
    assert Detector(tiny, finder=None, device="auto").device == "cuda"
    (engine,) = engines.glob("*.engine")
    engine.write_bytes(b"damaged")
    assert Detector(tiny, finder=None, device="auto").device == "cpu"
