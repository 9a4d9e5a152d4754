from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")
pytest.importorskip("onnxruntime", reason="converting needs onnxruntime: pip install onnxruntime")

from kilomark.cli.main import main
from kilomark.manifest import read_landmark_bundle

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def test_a_training_run_becomes_a_network_in_half_precision(
    faces_dir: Path, scenes_dir: Path, cache_dir: Path, tmp_path: Path
) -> None:
    run, out = tmp_path / "run", tmp_path / "out"
    data = ["--faces", str(faces_dir), "--scenes", str(scenes_dir), "--cache", str(cache_dir)]
    trained = ["train", "lite", *data, "--out", str(run), "--stages", "64:16:8", "--threads", "1"]
    assert main(trained) == 0

    converted = ["convert", str(run), "--target", "onnx", "--samples", str(faces_dir)]
    assert main([*converted, "--out", str(out)]) == 0

    assert read_landmark_bundle(run / "bundle").topology.num_landmarks == 971
    facts = json.loads((out / "lite-fp16.onnx.json").read_text())
    assert facts["moved_by_half"]["images"] == 6  # the validation split
    assert facts["kept_in_fp32"]
