from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import onnx
import torch
from tests.bundle_answers import bundle_answers

from kilomark.cli.main import main
from kilomark.conversion.weight_storage import store_weights
from kilomark.data.geometry import crop_map, warp
from kilomark.export.onnx_model import FinderModel, LandmarkModel, to_onnx
from kilomark.networks.face_finder import FaceFinder
from kilomark.networks.lite import make_lite
from kilomark.networks.registry import LANDMARK_NETWORKS

if TYPE_CHECKING:
    from pathlib import Path

MAX_HALF_WEIGHT_ERROR_PX = 0.1  # random weights are larger than trained ones


@pytest.mark.parametrize("name", sorted(LANDMARK_NETWORKS))
def test_heads_stay_compact(name: str) -> None:
    network = LANDMARK_NETWORKS[name](971)

    head = sum(parameter.numel() for parameter in network.head.parameters())

    assert head < 2e6


def test_the_finder_stays_small() -> None:
    assert sum(parameter.numel() for parameter in FaceFinder().parameters()) < 0.5e6


def test_resnext50_is_torchvisions_up_to_layer3() -> None:
    from torchvision.models import resnext50_32x4d

    whole = resnext50_32x4d(weights=None).state_dict()
    trunk = LANDMARK_NETWORKS["resnext50"](971).trunk.state_dict()

    assert {name.split(".")[0] for name in set(whole) - set(trunk)} == {"layer4", "fc"}
    assert all(whole[name].shape == trunk[name].shape for name in trunk)


def test_the_exported_landmark_network_answers_as_the_torch_one() -> None:
    torch.manual_seed(0)
    network = make_lite(971).eval()
    images = torch.randn(3, 3, 128, 128)
    with torch.no_grad():
        wanted = LandmarkModel(network)(images)

    found = bundle_answers(network, images, 971)

    for ours, theirs in zip(found, wanted[:3], strict=True):
        assert np.abs(ours - theirs.numpy()).max() < MAX_HALF_WEIGHT_ERROR_PX


def test_weights_are_stored_in_half_and_used_in_single() -> None:
    names = ["scores", "distances", "keypoints"]
    exported = to_onnx(FinderModel(FaceFinder().eval()), 64, names, dynamic_size=True)
    proto = store_weights(exported, "half")

    large = [t for t in proto.graph.initializer if np.prod(t.dims) >= 256]
    assert large
    assert {tensor.data_type for tensor in large} == {onnx.TensorProto.FLOAT16}
    elements = {value.type.tensor_type.elem_type for value in proto.graph.output}
    assert elements == {onnx.TensorProto.FLOAT}
    assert not any(node.metadata_props for node in proto.graph.node)


def test_each_stride_has_a_score_shift_of_its_own() -> None:
    network, images = FaceFinder().eval(), torch.rand(2, 3, 64, 96)
    shift = (0.5, -1.0, 2.0)
    with torch.no_grad():
        plain, shifted = FinderModel(network)(images), FinderModel(network, shift)(images)

    wanted = torch.tensor(shift).repeat_interleave(torch.tensor([8 * 12, 4 * 6, 2 * 3]))
    assert (plain[0].logit() - shifted[0].logit() - wanted).abs().max() < 1e-4
    assert torch.equal(plain[1], shifted[1])


@pytest.mark.parametrize("given", ["", "a"])
def test_a_score_shift_is_numbers(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["export", "run", "--out", "bundle", "--score-shift", given])

    assert "--score-shift" in capsys.readouterr().err


def test_training_crops_are_the_runtimes() -> None:
    """The crop that networks learn from and the crop that the core gives them are the same."""
    from kilomark._core import crop

    rng = np.random.default_rng(0)
    smooth = rng.integers(0, 256, (12, 12, 3), np.uint8).repeat(20, 0).repeat(20, 1)
    center, side, angle = (118.3, 121.9), 131.7, 12.0
    affine = crop_map(np.array(center), side, 128, angle_deg=angle)

    trained_on = warp(smooth, affine, (128, 128)).transpose(2, 0, 1).astype(np.float32)
    run_on = crop(
        smooth, "rgb", center=center, side=side, angle_deg=angle, size=(128, 128),
        channel_order="rgb", mean=(0, 0, 0), std=(1, 1, 1),
    )  # fmt: skip

    assert np.abs(trained_on - run_on).mean() < 1.0


def test_train_export_evaluate(
    faces_dir: Path, scenes_dir: Path, cache_dir: Path, tmp_path: Path
) -> None:
    data = ["--faces", str(faces_dir), "--scenes", str(scenes_dir), "--cache", str(cache_dir)]
    run, bundle = str(tmp_path / "run"), str(tmp_path / "mine")

    _kilomark(
        "train", "lite", *data, "--out", run, "--stages", "64:16:8,128:16:8", "--threads", "1"
    )
    _kilomark("export", run, "--faces", str(faces_dir), "--out", bundle, "--name", "mine")
    report = tmp_path / "report"
    printed = _kilomark(
        "evaluate", bundle, *data, "--write", "--report", str(report), "--run-dir", run
    )

    manifest = json.loads((tmp_path / "mine" / "manifest.json").read_text())
    assert manifest["name"] == "mine"
    assert manifest["training"]["samples_seen"] == 32
    assert manifest["accuracy"] == json.loads(printed)
    assert manifest["accuracy"]["nme_percent"] > 0
    assert (report / "report.md").stat().st_size > 1000
    assert (report / "learning_curves.png").is_file()


def _kilomark(*arguments: str) -> str:
    finished = subprocess.run(
        [sys.executable, "-m", "kilomark", *arguments],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    return finished.stdout
