from __future__ import annotations

import pytest

pytest.importorskip("matplotlib", reason="needs the train extra: pip install '.[train]'")

import json
from typing import TYPE_CHECKING

import cv2
import numpy as np

from kilomark.cli.main import main
from kilomark.data.face_crops import read_face_crops
from kilomark.data.scenes import read_backgrounds, read_boxes_by_photo, read_scenes
from kilomark.errors import InvalidInputError
from kilomark.evaluation import finder_sweep
from kilomark.evaluation import landmark_report as report
from kilomark.evaluation.figures import (
    ALONE,
    FinderFinds,
    FinderUse,
    LandmarkPredictions,
    find_faces,
)
from kilomark.evaluation.finder_report import without_reviewed, write_finder_report
from kilomark.evaluation.finder_sweep import Sweep, sweep_sizes
from kilomark.manifest import read_bundle

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark.data.face_crops import FaceCrops
    from kilomark.data.scenes import Scenes


@pytest.fixture
def faces(faces_dir: Path, cache_dir: Path) -> FaceCrops:
    return read_face_crops(faces_dir, "train", cache_dir)


@pytest.fixture
def scenes(scenes_dir: Path, cache_dir: Path) -> Scenes:
    return read_scenes(scenes_dir, "val", cache_dir)


def _off_by(faces: FaceCrops, fraction: float) -> LandmarkPredictions:
    """Predictions a known distance to the right of the labels, and a spread that knows it."""
    sides = 1.25 * np.ptp(faces.landmarks, axis=1).max(1)
    target = faces.landmarks / sides[:, None, None]
    spread = np.full(target.shape[:2], fraction)
    presence = np.linspace(0.6, 1, len(faces))
    return LandmarkPredictions(
        target + np.array([fraction, 0]), target, spread, presence, np.linspace(0, 0.3, 10)
    )


def test_a_landmark_report_holds_what_was_measured(
    faces: FaceCrops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "_STEADY_EVERY", 12)
    run = tmp_path / "run"
    run.mkdir()
    rows = [{"samples": 10, "loss": 2.0}, {"samples": 20, "loss": 1.0}, {"samples": 20, "nme_percent": 9.0}]  # fmt: skip  # noqa: E501
    (run / "progress.jsonl").write_text("\n".join(json.dumps(row) for row in rows))

    written = report.write_landmark_report(
        tmp_path / "out",
        read_bundle("lite").folder,
        faces,
        _off_by(faces, 0.01),
        run,
        {"hats": [faces.name(face) for face in range(10)]},
    )

    figures = json.loads((tmp_path / "out" / "figures.json").read_text())
    assert written.figures["mse_px2"] == pytest.approx(1.28**2 / 2)
    assert figures["presence_auc"] == 1
    assert figures["spread_off_percent"] == pytest.approx(0, abs=1e-6)
    assert figures["steadiness"]["boxes_given"]["num_faces"] == 2
    assert {part["name"] for part in figures["slices"]} >= {
        "all faces",
        "yaw below 15°",
        "hats",
    }
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert f"| NME, mean | {figures['nme_percent']:.2f} % |" in text
    for name in ("cumulative_error", "calibration", "presence", "worst_faces", "learning_curves"):
        assert f"({name}.png)" in text
        picture = cv2.imread(str(tmp_path / "out" / f"{name}.png"))
        assert picture is not None
        assert picture.std() > 5


def test_reviewed_faces_are_not_false(scenes: Scenes, tmp_path: Path) -> None:
    second = np.array([[2.0, 2.0, 12.0, 12.0]], np.float32)
    boxes = [np.concatenate([label[None], second]) for label in scenes.boxes]
    scores = [np.array([0.9, 0.8], np.float32)] * len(boxes)
    finds = FinderFinds(boxes, scores, [], [])
    name = scenes.name(0)
    file = tmp_path / "reviewed.json"
    file.write_text(json.dumps({name: second.tolist()}))

    counted = without_reviewed(finds, scenes, read_boxes_by_photo(file))

    assert [len(found) for found in counted.boxes] == [1, 2]
    assert np.array_equal(counted.boxes[0][0], scenes.boxes[0])


@pytest.mark.parametrize("content", ["[1, 2]", '{"a": [[1, 2]]}', "nothing"])
def test_a_broken_review_is_refused(content: str, tmp_path: Path) -> None:
    file = tmp_path / "reviewed.json"
    file.write_text(content)

    with pytest.raises(InvalidInputError, match="expected a JSON object of photo names"):
        read_boxes_by_photo(file)


def test_a_finder_report_holds_what_was_measured(
    scenes: Scenes, scenes_dir: Path, cache_dir: Path, tmp_path: Path
) -> None:
    backgrounds, _, rows = read_backgrounds(scenes_dir, cache_dir)
    finds = find_faces("faces", scenes, backgrounds, rows, lowest_score=0.2)
    sweep = Sweep((16, 32), {"plain": [50.0, 100.0]}, 4, {"plain": 75.0})

    write_finder_report(
        tmp_path, "faces", scenes, finds,
        reviewed={}, sweeps={"By size": sweep}, backgrounds=(backgrounds, rows),
        use=FinderUse("lite", tiles=2),
    )  # fmt: skip

    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "The finder rescored by lite, on the image and 2 tiles a side, " in text
    assert "| plain | 50 | 100 | 75.0 |" in text
    assert json.loads((tmp_path / "figures.json").read_text())["recall_percent"] >= 0
    for name in ("precision_recall", "recall_by_size_1"):
        assert cv2.imread(str(tmp_path / f"{name}.png")) is not None


@pytest.mark.parametrize("is_missed", [True, False])
def test_a_finder_report_shows_the_faults_there_are(
    is_missed: bool, scenes: Scenes, scenes_dir: Path, cache_dir: Path, tmp_path: Path
) -> None:
    backgrounds, _, rows = read_backgrounds(scenes_dir, cache_dir)
    boxes = [label[None] for label in scenes.boxes]
    if is_missed:
        boxes[0] = boxes[0][:0]
    scores = [np.full(len(found), 0.9, np.float32) for found in boxes]
    nothing = [np.empty((0, 4), np.float32) for _ in rows]
    finds = FinderFinds(boxes, scores, nothing, [found[:, 0] for found in nothing])

    write_finder_report(
        tmp_path, "faces", scenes, finds,
        reviewed={}, sweeps={}, backgrounds=(backgrounds, rows),
    )  # fmt: skip

    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert (tmp_path / "faults.png").exists() == is_missed
    assert ("(faults.png)" in text) == is_missed
    assert ("No face was missed" in text) != is_missed


def test_a_second_look_takes_away_from_what_is_found(
    scenes: Scenes, scenes_dir: Path, cache_dir: Path
) -> None:
    backgrounds, _, rows = read_backgrounds(scenes_dir, cache_dir)
    alone, twice = (
        find_faces("faces", scenes, backgrounds, rows, lowest_score=0.001, use=use)
        for use in (ALONE, FinderUse(landmarks="lite"))
    )

    pairs = [*zip(twice.boxes, alone.boxes, strict=True)]
    pairs += zip(twice.in_backgrounds, alone.in_backgrounds, strict=True)
    assert all((found[:, None] == everything).all(2).any(1).all() for found, everything in pairs)
    assert sum(len(found) for found, _ in pairs) < sum(len(everything) for _, everything in pairs)


@pytest.mark.parametrize("use", [["--landmarks", "lite"], ["--finder-tiles", "2"], ["--blend"]])
def test_figures_of_more_than_a_finder_are_not_written_as_its_own(
    use: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--faces", str(tmp_path), "--scenes", str(tmp_path)]

    assert main(["evaluate", "faces", *data, *use, "--write"]) == 2

    assert "without --landmarks, --finder-tiles, --views and --blend" in capsys.readouterr().err


def test_slices_without_a_report_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--faces", str(tmp_path), "--scenes", str(tmp_path)]

    assert main(["evaluate", "lite", *data, "--slices", "slices.json"]) == 2

    assert "expected --report FOLDER" in capsys.readouterr().err


def test_a_second_face_of_a_crop_is_not_false(
    faces: FaceCrops, scenes_dir: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backgrounds, _, rows = read_backgrounds(scenes_dir, cache_dir)
    labels = np.concatenate([faces.landmarks.min(1), faces.landmarks.max(1)], 1)
    beside = np.array([[400, 400, 432, 432]], np.float32)
    found = np.concatenate([labels, beside])
    monkeypatch.setattr(finder_sweep, "_place", lambda *_: np.eye(2, 3))
    monkeypatch.setattr(finder_sweep, "boxes_and_scores", lambda *_: (found, np.ones(len(found))))
    reviewed = {f"faces/{faces.name(face)}": beside for face in range(len(faces))}

    sweeps = [
        sweep_sizes("faces", faces, backgrounds, rows, num_faces=2, image_px=32, reviewed=noted)
        for noted in ({}, reviewed)
    ]

    for sweep, num_counted in zip(sweeps, (len(faces) + 1, len(faces)), strict=True):
        assert list(sweep.precision_percent.values()) == pytest.approx([100 / num_counted] * 6)


def test_a_sweep_looks_for_every_kind_at_every_size(
    faces: FaceCrops, scenes_dir: Path, cache_dir: Path
) -> None:
    backgrounds, _, rows = read_backgrounds(scenes_dir, cache_dir)

    sweep = sweep_sizes("faces", faces, backgrounds, rows, num_faces=2, image_px=32)

    assert sweep.sizes_px == (8, 12, 16, 20, 24, 32)
    assert set(sweep.recall_percent) == {"plain", "tilted", "gray", "dark", "blurred", "masked"}
    assert all(len(values) == 6 for values in sweep.recall_percent.values())
    assert all(0 <= value <= 100 for values in sweep.recall_percent.values() for value in values)
