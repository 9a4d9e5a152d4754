"""Inputs that the fuzzers kept: those that reach new code, and those that failed once."""

from __future__ import annotations

import runpy
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kilomark._core import check_onnx, parse_manifest
from kilomark.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable

FUZZ = Path(__file__).parents[2] / "tools" / "fuzz"
PYTHON_TARGETS = sorted(
    {path.stem for path in (FUZZ / "python").glob("*.py")} - {"harness", "outcomes"}
)
needs_atheris = pytest.mark.skipif(
    find_spec("atheris") is None, reason="needs atheris: pip install '.[fuzz]'"
)


def kept_inputs(target: str) -> dict[str, bytes]:
    path = FUZZ / "cases" / f"{target}.zip"
    if not path.exists():
        return {}
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_onnx_files_are_accepted_or_refused() -> None:
    inputs = kept_inputs("cpp_onnx_file")
    refused = sum(is_refused(data) for data in inputs.values())
    assert 0 < refused < len(inputs)


def test_manifests_are_accepted_or_refused() -> None:
    inputs = kept_inputs("cpp_manifest")
    refused = sum(is_refused(data, read_manifest) for data in inputs.values())
    assert 0 < refused < len(inputs)


def read_manifest(text: bytes) -> object:
    return parse_manifest(text, b"bundle")


def is_refused(data: bytes, read: Callable[[bytes], object] = check_onnx) -> bool:
    try:
        read(data)
    except BundleError:
        return True
    return False


@needs_atheris
@pytest.mark.parametrize("target", PYTHON_TARGETS)
def test_python_target_takes_its_seeds(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The inputs to start from, which follow the shipped bundles."""
    monkeypatch.syspath_prepend(str(FUZZ / "python"))
    module = runpy.run_path(str(FUZZ / "python" / f"{target}.py"), run_name=target)
    seeds = list(module["seeds"]())
    for seed in seeds:
        module["test_one_input"](seed)
    assert seeds


@needs_atheris
@pytest.mark.parametrize("target", [name for name in PYTHON_TARGETS if name != "onnx_load"])
def test_python_target_takes_its_inputs(target: str, tmp_path: Path) -> None:
    for name, data in kept_inputs(target).items():
        (tmp_path / name).write_bytes(data)
    command = [sys.executable, str(FUZZ / "python" / f"{target}.py"), str(tmp_path), "-runs=200"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
