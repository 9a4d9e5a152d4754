from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

from kilomark import Detector, InvalidInputError, contest, evaluation, export, training
from kilomark.errors import KilomarkError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def quick(size: int = 32) -> training.Settings:
    """A training of three steps."""
    return training.Settings(stages=(training.Stage(size, 12, 4),), pictures_kept=0)


def test_train_export_evaluate_are_one_call_each(
    faces_dir: Path, scenes_dir: Path, cache_dir: Path, tmp_path: Path, demo_photo: Path
) -> None:
    data = {"faces": faces_dir, "scenes": scenes_dir, "cache": cache_dir}
    trained = training.train("lite", tmp_path / "run", settings=quick(64), **data)

    bundle = export.export(tmp_path / "run", tmp_path / "bundle", name="mine")
    figures = evaluation.evaluate(bundle, write=True, **data)

    assert trained["nme_percent"] > 0
    assert json.loads((bundle / "manifest.json").read_text())["accuracy"] == figures
    (face,) = Detector(bundle, finder=None).predict(demo_photo, boxes=[150, 50, 300, 200])
    assert face.landmarks.shape == (971, 2)


def test_a_contest_is_trained_on_measured_and_submitted_to(
    contest_dir: Path, tmp_path: Path
) -> None:
    run, out = tmp_path / "run", tmp_path / "submission.csv"
    trained = contest.train("lite", run, contest_dir, crop="face", settings=quick(64))

    figures = contest.evaluate(export.export(run, tmp_path / "bundle"), contest_dir)
    written = contest.submit(run, contest_dir, out)

    assert {"mse_px2"} <= trained.keys() & figures.keys()
    assert len(out.read_text().splitlines()) == 1 + written.num_photos == 5


def test_a_run_is_resumed_and_not_begun_twice(
    faces_dir: Path, scenes_dir: Path, cache_dir: Path, tmp_path: Path
) -> None:
    data = {"faces": faces_dir, "scenes": scenes_dir, "cache": cache_dir}
    training.train("faces", tmp_path, settings=quick(), **data)
    with pytest.raises(InvalidInputError, match="holds checkpoints"):
        training.train("faces", tmp_path, settings=quick(), **data)
    assert "recall_percent" in training.train(
        "faces", tmp_path, settings=quick(), resume=True, **data
    )


@pytest.mark.parametrize(
    ("network", "options", "why"),
    [
        ("resnet18", {}, "no network 'resnet18'"),
        ("lite", {"reviewed": "boxes.json"}, "for the face detector"),
    ],
)
def test_what_makes_no_sense_is_refused_before_data_is_read(
    tmp_path: Path, network: str, options: dict[str, str], why: str
) -> None:
    with pytest.raises(InvalidInputError, match=why):
        training.train(network, tmp_path, faces="nowhere", scenes="nowhere", **options)
    assert list(tmp_path.iterdir()) == []


def test_a_face_detector_has_no_teacher(
    faces_dir: Path, scenes_dir: Path, cache_dir: Path, tmp_path: Path
) -> None:
    data = {"faces": faces_dir, "scenes": scenes_dir, "cache": cache_dir}
    with pytest.raises(InvalidInputError, match="expected a landmark network"):
        training.train(
            "faces", tmp_path, settings=quick(), teacher=training.TeacherChoice("lite"), **data
        )


@pytest.mark.parametrize("shift", [(0.1, 0.2), float("nan")])
def test_a_score_shift_is_one_number_or_one_a_stride(tmp_path: Path, shift: object) -> None:
    with pytest.raises(InvalidInputError, match="the score shift is"):
        export.export(tmp_path, tmp_path / "out", score_shift=shift)


def test_without_the_extra_the_names_say_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kilomark.extras.importlib.util.find_spec", lambda _: None)
    for package, name in ((training, "train"), (evaluation, "evaluate"), (contest, "submit")):
        with pytest.raises(KilomarkError, match="pip install 'kilomark\\[train\\]'"):
            getattr(package, name)
    with pytest.raises(AttributeError, match="has no attribute 'tarin'"):
        training.tarin  # noqa: B018
