from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kilomark.cli.main import main
from kilomark.devices import probe_cuda

if TYPE_CHECKING:
    from pathlib import Path


def refused(*arguments: object, capsys: pytest.CaptureFixture[str]) -> str:
    """Run `kilomark convert`, which must fail, and return what it says."""
    assert main(["convert", *map(str, arguments)]) == 2
    return capsys.readouterr().err


def test_without_tensorrt_there_is_a_pip_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kilomark.engines.build_process.importlib.util.find_spec", lambda _: None)
    assert "pip install 'kilomark[gpu]'" in refused("lite", capsys=capsys)


@pytest.mark.skipif(not probe_cuda().reason, reason="there is a GPU")
def test_without_a_gpu_the_reason_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kilomark.export.bundle_conversion.check_tensorrt_installed", lambda: None)
    assert probe_cuda().reason in refused("lite", capsys=capsys)
    assert "--device cpu is not a GPU" in refused("lite", "--device", "cpu", capsys=capsys)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["no-such-bundle", "--target", "onnx"], "no bundle 'no-such-bundle'"),
        (["lite", "--precision", "int8"], "expected --samples"),
        (["lite", "--precision", "int8", "--target", "tensorrt-rtx"], "int8 is for CPUs"),
        (["lite", "--target", "onnx", "--samples", "/nowhere"], "no face in"),
        (["faces", "--target", "tensorrt-rtx", "--max-batch", "0"], "max_batch is 0"),
        (["lite", "--target", "tensorrt-rtx", "--finder-size", "256"], "is for a face detector"),
    ],
)
def test_what_cannot_be_converted_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], why: str
) -> None:
    pytest.importorskip("nncf", reason="needs the int8 extra: pip install '.[int8]'")
    assert why in refused(*arguments, "--out", tmp_path, capsys=capsys)
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_a_checkpoint_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")
    (tmp_path / "run.json").write_text("{}")
    said = refused(tmp_path, "--target", "onnx", capsys=capsys)
    assert "holds no checkpoint" in said


def test_the_onnx_file_comes_with_what_was_measured(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="needs the gpu extra: pip install '.[gpu]'")
    arguments = ["convert", "lite", "--target", "onnx", "--out", str(tmp_path)]
    assert main(arguments) == 0
    facts = json.loads((tmp_path / "lite-fp16.onnx.json").read_text())
    assert facts["moved_by_half"]["mean_px"] < 0.05
    assert facts["activation_ranges"]
    assert (tmp_path / "lite-fp16.onnx").stat().st_size > 1e6
