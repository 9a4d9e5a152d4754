from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import default_collate

from kilomark.cli.main import main
from kilomark.contest.data_set import read_contest
from kilomark.contest.task import ContestTask
from kilomark.contest.topology import choose_topology
from kilomark.data.scenes import read_backgrounds
from kilomark.networks.landmark_head import LandmarkOutput

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark.contest.samples import CropName

pytestmark = pytest.mark.slow


def _task(contest_dir: Path, cache_dir: Path, crop: CropName = "baseline") -> ContestTask:
    contest = read_contest(contest_dir, cache_dir)
    return ContestTask(contest, choose_topology(971), crop=crop, location="mse")


class _Fixed(nn.Module):
    """Says the same landmarks of every crop."""

    def __init__(self, landmarks: Tensor) -> None:
        super().__init__()
        self.landmarks = nn.Parameter(landmarks)

    def forward(self, images: Tensor) -> LandmarkOutput:
        count = len(images)
        return LandmarkOutput(
            self.landmarks.expand(count, -1, -1), torch.zeros(count, 971), torch.zeros(count)
        )


@pytest.mark.parametrize("crop", ["baseline", "face"])
def test_validation_is_the_mse_of_its_rows_in_the_crop(
    contest_dir: Path, cache_dir: Path, crop: CropName
) -> None:
    task = _task(contest_dir, cache_dir, crop)
    guess = torch.rand(971, 2)

    accuracy = task.evaluate(_Fixed(guess), 64)

    crops = [task.validation.plain_crop(face, crop, 64) for face in range(len(task.validation))]
    errors = [(guess.numpy() - landmarks) ** 2 for _, landmarks in crops]
    assert len(errors) == 5
    assert np.isclose(accuracy["mse_px2"], np.mean(errors) * 128**2, rtol=1e-4)
    assert task.validation_error(accuracy) == accuracy["mse_px2"]


def test_the_seeds_loss_is_the_mse(contest_dir: Path, cache_dir: Path) -> None:
    """What the gradient of the landmarks is of: squared errors, and nothing else."""
    task = _task(contest_dir, cache_dir)
    samples = task.samples(64)
    batch = default_collate([samples[index] for index in range(4)])
    network = _Fixed(torch.rand(971, 2))

    loss, _ = task.loss(network, batch, task.weight(batch))
    loss.backward()

    errors = network.landmarks - batch[1]
    wanted = torch.autograd.grad((errors**2).mean(), network.landmarks)[0]
    assert network.landmarks.grad is not None
    ratio = network.landmarks.grad / wanted
    assert torch.allclose(ratio, ratio.mean().expand_as(ratio), rtol=1e-3)


def test_a_head_starts_at_the_crops_mean(contest_dir: Path, cache_dir: Path) -> None:
    baseline, face = (_task(contest_dir, cache_dir, crop) for crop in ("baseline", "face"))

    assert baseline.example_shapes().shape == (15, 971, 2)
    assert "crop_scale" not in face.recipe()
    # Faces are drawn at 0.55 to 0.7 of the photo's shorter side, tilted.
    assert 1.35 < baseline.recipe()["crop_scale"] < 1.9


def test_backgrounds_are_negatives_where_there_are_any(
    contest_dir: Path, scenes_dir: Path, cache_dir: Path
) -> None:
    images, rows, _ = read_backgrounds(scenes_dir, cache_dir)
    contest = read_contest(contest_dir, cache_dir)
    task = ContestTask(contest, choose_topology(971), crop="face", backgrounds=(images, rows))
    samples = task.samples(64)

    presence = [samples[index].presence for index in range(80)]

    assert 0.75 < np.mean(presence) < 0.99


def _with_few_landmarks(contest_dir: Path, folder: Path, count: int) -> Path:
    """A copy of a data set with the first ``count`` landmarks alone."""
    shutil.copytree(contest_dir, folder)
    table = folder / "train" / "landmarks.csv"
    rows = [line.split("\t")[: 1 + 2 * count] for line in table.read_text().splitlines()]
    table.write_text("".join("\t".join(row) + "\n" for row in rows))
    test = folder / "test" / "test_points.csv"
    names = [line.partition("\t")[0] for line in test.read_text().splitlines()[1:]]
    test.write_text("file_name\tpoints\n" + "".join(f"{name}\t[4, 0]\n" for name in names))
    return folder


@pytest.mark.parametrize(
    ("num_landmarks", "arguments", "constant"),
    [
        (5, ("--head", "baseline"), ["spread", "presence"]),
        (5, (), ["presence"]),
        (971, ("--crop", "face", "--teacher", "lite"), None),
    ],
)
def test_train_export_evaluate_submit(
    contest_dir: Path,
    tmp_path: Path,
    num_landmarks: int,
    arguments: tuple[str, ...],
    constant: list[str] | None,
) -> None:
    if num_landmarks < 971:
        contest_dir = _with_few_landmarks(contest_dir, tmp_path / "contest", num_landmarks)
    run, bundle, cache = tmp_path / "run", tmp_path / "bundle", tmp_path / "cache"
    data = ("--contest", contest_dir, "--cache", cache)

    for command in (
        ("train", "lite", *data, "--out", run, "--stages", "64:32:8", "--threads", 1, *arguments),
        ("export", run, "--out", bundle, "--single"),
        ("evaluate", bundle, *data, "--write"),
        ("submit", bundle, "--contest", contest_dir, "--out", tmp_path / "submission.csv"),
    ):
        assert main([str(argument) for argument in command]) == 0

    manifest = json.loads((bundle / "manifest.json").read_text())
    assert manifest["training"]["data"] == "contest"
    assert manifest["num_landmarks"] == num_landmarks
    assert (manifest["mirror"] is None) == (num_landmarks != 971)
    assert manifest.get("constant_outputs") == constant
    # What was measured of the torch module while it was trained, the core measures of the bundle.
    last = json.loads((run / "progress.jsonl").read_text().splitlines()[-1])
    assert np.isclose(manifest["accuracy"]["mse_px2"], last["mse_px2"], rtol=0.02)
    assert len((tmp_path / "submission.csv").read_text().splitlines()) == 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("lite",), "expected --faces and --scenes, or --contest"),
        (("lite", "--contest", "a", "--faces", "b"), "--faces belongs to"),
        (("faces", "--contest", "a"), "the face detector cannot be trained on a contest's photos"),
        (("lite", "--contest", "no-such-folder"), "no folder no-such-folder"),
    ],
)
def test_data_sets_that_make_no_sense_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert main(["train", *arguments, "--out", str(tmp_path / "run")]) == 2

    assert said in capsys.readouterr().err
