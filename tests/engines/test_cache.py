from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kilomark.engines import EngineCache, EngineKey, default_engine_folder
from kilomark.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLAN = b"a plan" * 1000


def test_an_engine_comes_back_as_written(cache: EngineCache, key: EngineKey) -> None:
    path = cache.write(key, PLAN, {"kept_in_fp32": {}})

    assert cache.find(key).plan == PLAN
    record = json.loads(path.with_name(path.name + ".json").read_text())
    assert record["gpu"] == "NVIDIA Test GPU"
    assert record["tensorrt"] == "10.14.1.48"
    assert record["engine_bytes"] == len(PLAN)
    assert record["kept_in_fp32"] == {}
    assert sorted(cache.folder.iterdir()) == [path, path.with_name(path.name + ".json")]


def test_an_empty_cache_says_so(cache: EngineCache, key: EngineKey) -> None:
    found = cache.find(key)
    assert found.plan is None
    assert "there is none" in found.reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda key: replace(key.target, tensorrt_version="10.13.0.35"), "tensorrt '10.13.0.35'"),
        (lambda key: replace(key.target, gpu_name="NVIDIA H100"), "gpu 'NVIDIA H100' is not"),
    ],
)
def test_an_engine_for_something_else_is_named_as_the_reason(
    cache: EngineCache, key: EngineKey, change: Callable[..., object], reason: str
) -> None:
    cache.write(replace(key, target=change(key)), PLAN, {})
    found = cache.find(key)
    assert found.plan is None
    assert reason in found.reason


def test_an_engine_with_larger_batches_serves(cache: EngineCache, key: EngineKey) -> None:
    larger = replace(key, profile=replace(key.profile, max_batch=64))
    cache.write(larger, PLAN, {})
    assert cache.find(key).plan == PLAN
    assert cache.find(larger).plan == PLAN


def test_an_engine_with_smaller_batches_does_not(cache: EngineCache, key: EngineKey) -> None:
    cache.write(replace(key, profile=replace(key.profile, max_batch=8)), PLAN, {})
    found = cache.find(key)
    assert found.plan is None
    assert "batches" in found.reason


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[7] ^= 1
    path.write_bytes(content)


def _record(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _edit_record(path: Path, **changes: object) -> None:
    record = json.loads(_record(path).read_text())
    _record(path).write_text(json.dumps(record | changes))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_truncate, "is damaged: 5999 bytes, not the 6000"),
        (_flip, "is damaged"),
        (lambda path: path.write_bytes(b""), "is damaged: 0 bytes"),
        (lambda path: _record(path).unlink(), "missing or damaged"),
        (lambda path: _record(path).write_text("{"), "missing or damaged"),
        (lambda path: _record(path).write_text("[]"), "missing or damaged"),
        (lambda path: _record(path).write_bytes(b"\xff"), "missing or damaged"),
        (lambda path: _edit_record(path, gpu="Other"), "another engine: gpu 'Other' is not"),
        (lambda path: _edit_record(path, recipe=0), "another engine: recipe 0 is not"),
    ],
)
def test_a_damaged_or_foreign_engine_is_not_used(
    cache: EngineCache, key: EngineKey, damage: Callable[[Path], object], reason: str
) -> None:
    damage(cache.write(key, PLAN, {}))
    found = cache.find(key)
    assert found.plan is None
    assert reason in found.reason


def test_other_files_in_the_folder_do_no_harm(cache: EngineCache, key: EngineKey) -> None:
    cache.write(key, PLAN, {})
    (cache.folder / "x.engine.json").write_text("nonsense")
    (cache.folder / "y.engine.json").write_text('{"width": "wide"}')
    (cache.folder / "z.engine").write_bytes(b"no record")
    assert cache.find(key).plan == PLAN
    assert cache.find(replace(key, precision="fp32")).plan is None


def test_a_file_in_the_folders_place_is_a_typed_error(tmp_path: Path, key: EngineKey) -> None:
    (tmp_path / "file").write_text("")
    cache = EngineCache(tmp_path / "file" / "engines")
    with pytest.raises(EngineError, match="KILOMARK_ENGINES"):
        cache.check_writable()
    with pytest.raises(EngineError, match="cannot be written"):
        cache.write(key, PLAN, {})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_a_typed_error(cache: EngineCache, key: EngineKey) -> None:
    cache.folder.mkdir()
    cache.folder.chmod(0o500)
    with pytest.raises(EngineError, match="Permission denied"):
        cache.write(key, PLAN, {})


FULL_DISK = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # the kernel refuses to write more
from pathlib import Path
from kilomark.engines import BatchProfile, EngineCache, EngineKey, EngineTarget
from kilomark.errors import EngineError
key = EngineKey("b", "0" * 64, "fp16", BatchProfile(8, 8), EngineTarget("gpu", (8, 9), "10.1"))
cache = EngineCache(Path({folder!r}))
cache.write(key, b"small", {{}})
try:
    cache.write(key, bytes(5000), {{}})
except EngineError as error:
    print(error)
print(cache.find(key).plan, len(list(cache.folder.iterdir())))
"""


def test_a_write_that_fails_leaves_the_old_engine_and_no_rest(tmp_path: Path) -> None:
    program = FULL_DISK.format(folder=str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=300
    )
    assert "cannot be written: File too large" in done.stdout, done.stderr
    assert "b'small' 2" in done.stdout


def test_the_folder_is_the_users_cache_or_as_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("KILOMARK_ENGINES", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_engine_folder() == tmp_path / "kilomark" / "engines"
    monkeypatch.setenv("KILOMARK_ENGINES", str(tmp_path / "elsewhere"))
    assert default_engine_folder() == tmp_path / "elsewhere"


def test_folder_that_everybody_may_write_to_is_refused(cache: EngineCache, key: EngineKey) -> None:
    cache.write(key, b"plan", {})
    assert cache.find(key).plan == b"plan"
    cache.folder.chmod(0o777)
    with pytest.raises(EngineError, match=r"every user of this machine.*chmod o-w"):
        cache.find(key)


def test_engine_that_everybody_may_write_to_is_refused(cache: EngineCache, key: EngineKey) -> None:
    cache.write(key, b"plan", {}).chmod(0o666)
    with pytest.raises(EngineError, match=r"every user of this machine"):
        cache.find(key)


def test_engine_that_is_a_pipe_ends_at_once(cache: EngineCache, key: EngineKey) -> None:
    path = cache.write(key, b"plan", {})
    path.unlink()
    os.mkfifo(path, 0o600)
    with pytest.raises(EngineError, match="it is a pipe"):
        cache.find(key)
