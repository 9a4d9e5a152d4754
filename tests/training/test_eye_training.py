from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from tests.drawn_eyes import draw_eyes, drawn_landmarks, write_eye_crops

from kilomark import BundleError, Detector, InvalidInputError, training
from kilomark.cli.main import main
from kilomark.contest.drawn import write_drawn_contest
from kilomark.data.face_crops import read_face_crops
from kilomark.data.geometry import box_of
from kilomark.export import export
from kilomark.networks.eye_network import EyeNetwork
from kilomark.training.checkpoints import read_newest_checkpoint
from kilomark.training.eye_task import EyeTask
from kilomark.training.initial_weights import start_network

STAGES = ["--stages", "32:32:8", "--threads", "1"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = write_eye_crops(tmp_path_factory.mktemp("eyes"))
    return ["--faces", str(folder), "--cache", str(tmp_path_factory.mktemp("cache"))]


@pytest.fixture(scope="module")
def run(data: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of four steps, with a checkpoint after each."""
    folder = tmp_path_factory.mktemp("run")
    kept = ["--checkpoint-minutes", "0", "--checkpoints-kept", "9"]
    assert main(["train", "eyes", *data, "-o", str(folder), *STAGES, *kept]) == 0
    return folder


@pytest.fixture(scope="module")
def bundle(run: Path) -> Path:
    return export(run, run.parent / "my-eyes", name="my-eyes")


def averaged(run: Path) -> dict[str, torch.Tensor]:
    found = read_newest_checkpoint(run)
    assert found is not None
    weights: dict[str, torch.Tensor] = found[1]["averaged"]
    return weights


def test_a_resumed_run_ends_as_if_never_interrupted(
    run: Path, data: list[str], tmp_path: Path
) -> None:
    for name in ("checkpoint-000000000016.pt", "run.json", "topology.json"):
        (tmp_path / name).write_bytes((run / name).read_bytes())

    assert main(["train", "eyes", *data, "-o", str(tmp_path), *STAGES, "--resume"]) == 0

    wanted = averaged(run)
    assert all(torch.equal(value, wanted[name]) for name, value in averaged(tmp_path).items())
    recipe = json.loads((tmp_path / "run.json").read_text())
    assert recipe["eyes"] == {"closed": 0.38, "shut_opening": 0.06}
    assert list(tmp_path.glob("predictions-*.png"))


def test_training_closes_the_lids(data: list[str], tmp_path: Path) -> None:
    command = ["train", "eyes", *data, "-o", str(tmp_path), "--threads", "1"]
    assert main([*command, "--stages", "32:6400:64", "--evaluate-every", "640"]) == 0

    lines = map(json.loads, (tmp_path / "progress.jsonl").read_text().splitlines())
    gaps = [line["drawn_shut_gap_percent"] for line in lines if "error_percent" in line]
    assert gaps[0] > 90
    assert gaps[-1] < 50


def test_a_bundle_answers_as_the_network_and_starts_another(run: Path, bundle: Path) -> None:
    network = EyeNetwork(129)
    network.load_state_dict(averaged(run))
    images = torch.randn(3, 3, 32, 48)
    with torch.no_grad():
        wanted = network.eval()(images)
    detector = Detector("lite", finder=None, device="cpu", num_threads=1, eyes=bundle)
    found = detector._core.infer("eyes", images.numpy())
    started = EyeNetwork(129)
    assert start_network(started, str(bundle), examples=lambda: images)
    with torch.no_grad():
        again = started.eval()(images)

    for landmarks, spread in ((found["landmarks"], found["spread"]), again):
        assert np.abs(np.asarray(landmarks) - wanted.landmarks.numpy()).max() < 0.05
        assert np.abs(np.asarray(spread) - wanted.spread.numpy()).max() < 0.05
    assert (found["presence"] == 1).all()


def test_a_detector_takes_the_bundle(bundle: Path) -> None:
    landmarks = drawn_landmarks(0.3, np.random.default_rng(0))
    image = draw_eyes(landmarks)
    options = {"finder": None, "device": "cpu", "num_threads": 1}
    found = {
        eyes: Detector("lite", eyes=eyes, **options).predict(image, boxes=box_of(landmarks))[0]
        for eyes in (bundle, "eyes", False)
    }
    detector = Detector("lite", eyes=bundle, **options)

    assert detector.provenance.eyes == "my-eyes"
    lids = detector.topology.groups["right_eye"].indices
    assert np.abs(found[bundle].landmarks[lids] - found[False].landmarks[lids]).max() > 0.01
    assert np.abs(found[bundle].landmarks[lids] - found["eyes"].landmarks[lids]).max() > 0.01
    assert np.array_equal(found[bundle].landmarks[:200], found[False].landmarks[:200])


def test_bundles_that_are_no_network_of_the_eyes_are_refused(bundle: Path) -> None:
    with pytest.raises(BundleError, match="'lite' sees faces; eyes= expects an eye network"):
        Detector(eyes="lite", device="cpu")
    with pytest.raises(InvalidInputError, match="eyes is 3; expected True, False or a bundle"):
        Detector(eyes=3, device="cpu")
    with pytest.raises(InvalidInputError, match="eyes names a bundle, but model is None"):
        Detector(None, eyes=bundle, device="cpu")


def test_evaluate_says_how_far_eyes_close(
    bundle: Path, data: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(bundle), *data, "--write"]) == 0

    printed = json.loads(capsys.readouterr().out)
    assert json.loads((bundle / "manifest.json").read_text())["accuracy"] == printed
    assert {"error_percent", "shut_gap_percent", "without_shut_gap_percent"} <= set(printed)
    assert printed["labeled_shut_gap_percent"] == pytest.approx(100 * 0.08 / 0.3, rel=0.1)
    assert main(["evaluate", str(bundle), *data, "--report", "report"]) == 2
    assert "expected no --report" in capsys.readouterr().err


def test_faces_that_all_look_aside_start_a_network_too(data: list[str]) -> None:
    faces, cache = Path(data[1]), Path(data[3])
    train, val = (read_face_crops(faces, split, cache) for split in ("train", "val"))
    task = EyeTask(train, val, seed=0)
    task.eyes = replace(task.eyes, relative_width=np.full(len(task.eyes), 0.5))
    task.validation = replace(task.validation, relative_width=np.full(len(task.validation), 0.5))
    network = EyeNetwork(129)

    network.start_at_shapes(task.example_shapes())

    assert torch.isfinite(network(task.example_images(32)).landmarks).all()
    with pytest.raises(InvalidInputError, match="no face with two eyes that face the camera"):
        task.evaluate(network, 32)


def test_a_contest_trains_and_measures_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "contest"
    write_drawn_contest(folder, num_labeled=20, num_test=4)
    run = tmp_path / "run"
    data = ["--contest", str(folder), "--cache", str(tmp_path / "cache")]
    command = ["train", "eyes", "-o", str(run), *data, *STAGES]

    assert main(["train", "lite", *command[2:], "--turned", "0.5"]) == 2
    assert "--turned belongs to a data set of face crops and scenes" in capsys.readouterr().err
    assert main([*command, "--scenes", "scenes"]) == 2
    assert "scenes has no meaning for it" in capsys.readouterr().err
    assert main([*command, "--closed", "0.5"]) == 0
    export(run, tmp_path / "mine")
    capsys.readouterr()
    assert main(["evaluate", str(tmp_path / "mine"), *data]) == 0
    assert json.loads(capsys.readouterr().out)["error_percent"] > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--scenes", "scenes"], "scenes has no meaning"),
        (["--depth"], "depth has no meaning"),
        (["--turned", "0.5"], "alterations (turned, dressed) has no meaning"),
        (["--head", "baseline"], "head='baseline' has no meaning"),
        (["--stages", "64:32:8"], "expected a size of 32"),
        (["--loss", "wing"], "--loss wing is for landmark networks"),
        (["--teacher", "lite"], "--teacher teaches the landmarks of faces"),
        (["--shut-opening", "0.5"], "--shut-opening is 0.5"),
        (["--closed", "2"], "--closed"),
    ],
)
def test_options_of_other_networks_are_refused(
    data: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    assert main(["train", "eyes", *data, "-o", str(tmp_path), *STAGES, *options]) == 2

    assert message in capsys.readouterr().err
    assert not list(tmp_path.glob("checkpoint-*"))


def test_other_networks_need_scenes_and_take_no_recipe_of_eyes(
    data: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "eyes", "-o", str(tmp_path)]) == 2
    assert "expected --faces, or --contest" in capsys.readouterr().err
    assert main(["train", "lite", *data, "-o", str(tmp_path)]) == 2
    assert "expected --faces and --scenes, or --contest" in capsys.readouterr().err
    both = ["--scenes", "scenes", "--shut-opening", "0"]
    assert main(["train", "lite", *data, "-o", str(tmp_path), *both]) == 2
    assert "--shut-opening is for the network 'eyes'" in capsys.readouterr().err
    with pytest.raises(InvalidInputError, match="no scenes to train 'lite' on"):
        training.train("lite", tmp_path, faces=data[1])
