from __future__ import annotations

import json
import logging
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.engines.conftest import FAKE_TENSORRT

from kilomark.engines.build_process import check_tensorrt_installed, run_worker
from kilomark.errors import EngineError

if TYPE_CHECKING:
    from kilomark.engines import EngineCache, EngineKey


@pytest.fixture(autouse=True)
def fake_tensorrt(monkeypatch: pytest.MonkeyPatch, cache: EngineCache) -> None:
    """Let the worker process find the fake."""
    paths = [str(FAKE_TENSORRT), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    cache.folder.mkdir()


def build(key: EngineKey, cache: EngineCache) -> dict[str, object]:
    built = run_worker(b"a model", {"kept": 1}, key, cache)
    assert built.facts["kept"] == 1
    assert built.facts["tensorrt"] == "10.14.1.48"
    plan: dict[str, object] = json.loads(built.plan)
    return plan


def test_the_network_is_strongly_typed_and_float32_means_float32(
    key: EngineKey, cache: EngineCache, caplog: pytest.LogCaptureFixture
) -> None:
    plan = build(key, cache)
    assert plan["strongly_typed"]
    assert plan["cleared"] == ["TF32"]
    single, several = (
        [[batch, 3, 32, 32] for batch in batches] for batches in ((1, 1, 1), (1, 8, 16))
    )
    assert plan["profiles"] == [{"image": single}, {"image": several}]
    assert plan["model_bytes"] == len(b"a model")
    progress = [r.getMessage() for r in caplog.records if r.levelno == logging.INFO]
    assert progress == ["Building: 0 %", "Building: 50 %", "Building: 100 %"]


def test_the_next_build_has_the_timings_of_the_last(key: EngineKey, cache: EngineCache) -> None:
    assert [build(key, cache)["timings"] for _ in range(3)] == ["", "+", "++"]


def test_damaged_timings_are_replaced(key: EngineKey, cache: EngineCache) -> None:
    build(key, cache)
    (timings,) = cache.folder.glob("timings_*.cache")
    timings.write_bytes(b"damaged")
    assert build(key, cache)["timings"] == ""


@pytest.mark.parametrize(
    ("visible", "index", "expected"), [(None, 1, "1"), ("2,5", 0, "2"), ("2, 5", 1, "5")]
)
def test_the_worker_sees_one_gpu(
    key: EngineKey, cache: EngineCache, monkeypatch: pytest.MonkeyPatch,
    visible: str | None, index: int, expected: str,
) -> None:  # fmt: skip
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    key = replace(key, target=replace(key.target, gpu_index=index))
    assert build(key, cache)["gpus"] == expected


@pytest.mark.parametrize(
    ("mood", "why"),
    [
        ("parse", "does not take the model: node 7: no such operator"),
        ("build", "built no engine: out of memory"),
        ("die", "ended with code -6"),
    ],
)
def test_what_fails_in_the_worker_is_a_typed_error(
    key: EngineKey, cache: EngineCache, monkeypatch: pytest.MonkeyPatch, mood: str, why: str
) -> None:
    monkeypatch.setenv("FAKE_TENSORRT", mood)
    with pytest.raises(EngineError, match=why):
        run_worker(b"a model", {}, key, cache)


def test_another_version_than_the_librarys_builds_nothing(
    key: EngineKey, cache: EngineCache
) -> None:
    key = replace(key, target=replace(key.target, tensorrt_version="10.3.0.26"))
    with pytest.raises(EngineError, match=r"pip install tensorrt==10\.3\.0\.26"):
        run_worker(b"a model", {}, key, cache)


def test_without_tensorrt_there_is_a_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(EngineError, match=r"pip install 'kilomark\[gpu\]'"):
        check_tensorrt_installed()
