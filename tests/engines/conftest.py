from __future__ import annotations

from pathlib import Path

import pytest

from kilomark.engines import BatchProfile, EngineCache, EngineKey, EngineTarget
from kilomark.manifest import LandmarkBundle, read_landmark_bundle

FAKE_TENSORRT = Path(__file__).parent / "fake_tensorrt"


@pytest.fixture(scope="session")
def bundle(tiny: Path) -> LandmarkBundle:
    return read_landmark_bundle(tiny)


@pytest.fixture
def target() -> EngineTarget:
    return EngineTarget("NVIDIA Test GPU", (8, 9), "10.14.1.48")


@pytest.fixture
def profile(bundle: LandmarkBundle) -> BatchProfile:
    return BatchProfile(bundle.input.width, bundle.input.height)


@pytest.fixture
def key(bundle: LandmarkBundle, target: EngineTarget, profile: BatchProfile) -> EngineKey:
    return EngineKey.of(bundle, "fp16", profile, target)


@pytest.fixture
def cache(tmp_path: Path) -> EngineCache:
    return EngineCache(tmp_path / "engines")
