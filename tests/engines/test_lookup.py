from __future__ import annotations

import logging
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kilomark.engines import BatchProfile, EngineCache, EngineKey, EngineTarget, find_engine
from kilomark.engines.cache import Built
from kilomark.engines.lookup import find_or_build_engine
from kilomark.errors import EngineError

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark.manifest import Bundle


class FakeBuild:
    """Builds nothing, and counts how often it is asked to."""

    def __init__(self) -> None:
        self.keys: list[EngineKey] = []

    def __call__(self, _bundle: Bundle, key: EngineKey, _cache: EngineCache) -> Built:
        self.keys.append(key)
        return Built(b"plan %d" % len(self.keys), {"half_layers": 3})


def test_the_second_time_comes_from_the_cache(
    bundle: Bundle, target: EngineTarget, profile: BatchProfile, tmp_path: Path
) -> None:
    build = FakeBuild()
    plans = [
        find_or_build_engine(bundle, target, profile, folder=tmp_path, build=build)
        for _ in range(2)
    ]
    assert plans == [b"plan 1", b"plan 1"]
    assert len(build.keys) == 1
    assert find_engine(bundle, target, profile, folder=tmp_path) == b"plan 1"


def test_find_builds_nothing(
    bundle: Bundle, target: EngineTarget, profile: BatchProfile, tmp_path: Path
) -> None:
    assert find_engine(bundle, target, profile, folder=tmp_path / "none") is None
    assert not (tmp_path / "none").exists()


def test_a_build_says_that_it_takes_minutes_and_why(
    bundle: Bundle, target: EngineTarget, profile: BatchProfile, tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    build = FakeBuild()
    find_or_build_engine(bundle, target, profile, folder=tmp_path, build=build)
    (path,) = tmp_path.glob("*.engine")
    path.write_bytes(b"bad")
    plan = find_or_build_engine(bundle, target, profile, folder=tmp_path, build=build)

    assert plan == b"plan 2"
    said = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert "takes minutes" in said[0]
    assert "NVIDIA Test GPU" in said[0]
    assert any("is damaged: 3 bytes" in line for line in said)


def test_nothing_is_built_that_could_not_be_written(
    bundle: Bundle, target: EngineTarget, profile: BatchProfile, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    build = FakeBuild()
    with pytest.raises(EngineError):
        find_or_build_engine(bundle, target, profile, folder=tmp_path / "file" / "x", build=build)
    assert build.keys == []


def test_a_failed_build_frees_the_lock(
    bundle: Bundle, target: EngineTarget, profile: BatchProfile, tmp_path: Path
) -> None:
    def fail(*_: object) -> Built:
        raise EngineError("no")

    with pytest.raises(EngineError, match="no"):
        find_or_build_engine(bundle, target, profile, folder=tmp_path, build=fail)
    plan = find_or_build_engine(bundle, target, profile, folder=tmp_path, build=FakeBuild())
    assert plan == b"plan 1"


TWO_BUILDERS = """
import os, sys, time
from pathlib import Path
from kilomark.engines import BatchProfile, EngineTarget, find_or_build_engine
from kilomark.engines.cache import Built
from kilomark.manifest import read_bundle
folder, bundle, dies = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "dies"
def build(*_):
    with (folder / "builds").open("a") as file:
        file.write("build\\n")
    print("building", flush=True)
    sys.stdin.readline()
    if dies:
        os._exit(9)
    return Built(b"made by %d" % os.getpid(), {})
target = EngineTarget("NVIDIA Test GPU", (8, 9), "10.14.1.48")
print(find_or_build_engine(read_bundle(bundle), target, BatchProfile(32, 32), folder=folder / "e",
                           build=build).decode())
"""


def start_builder(folder: Path, bundle: Path, fate: str = "lives") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", TWO_BUILDERS, str(folder), str(bundle), fate],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def read_line(process: subprocess.Popen[str], *, of_errors: bool = False) -> str:
    stream = process.stderr if of_errors else process.stdout
    assert stream is not None
    return stream.readline().strip()


def test_of_two_processes_one_builds_and_the_other_waits(tmp_path: Path, tiny: Path) -> None:
    with start_builder(tmp_path, tiny) as first:
        assert read_line(first) == "building"
        with start_builder(tmp_path, tiny) as second:
            assert "waiting" in read_line(second, of_errors=True)
            made, _ = first.communicate("go on\n", timeout=300)
            got, _ = second.communicate("go on\n", timeout=300)
    assert made.strip() == got.strip() == f"made by {first.pid}"
    assert (tmp_path / "builds").read_text() == "build\n"


def test_the_lock_of_a_process_that_died_is_free(tmp_path: Path, tiny: Path) -> None:
    with start_builder(tmp_path, tiny, "dies") as first:
        assert read_line(first) == "building"
        with start_builder(tmp_path, tiny) as second:
            assert "waiting" in read_line(second, of_errors=True)
            first.communicate("go on\n", timeout=300)
            assert read_line(second) == "building"
            made, _ = second.communicate("go on\n", timeout=300)
    assert first.returncode == 9
    assert made.strip() == f"made by {second.pid}"


def test_importing_the_engines_imports_nothing_heavy() -> None:
    program = (
        "import sys, kilomark.engines.build_process; "
        "print([m for m in ('torch', 'tensorrt', 'onnx', 'onnxruntime') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout.strip() == "[]"
