from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("pyarrow", reason="needs the train extra: pip install '.[train]'")
pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

from tests import tiny_bundles

from kilomark.cli.main import main
from kilomark.contest.accuracy import contest_accuracy
from kilomark.contest.crop import crop_as_baseline
from kilomark.contest.prediction import PhotoPredictor
from kilomark.contest.topology import choose_topology

if TYPE_CHECKING:
    from pathlib import Path


def test_mse_is_the_contests_and_nme_is_of_the_971() -> None:
    target = np.zeros((3, 971, 2))
    target[:, 328], target[:, 424] = (0.25, 0.5), (0.75, 0.5)
    moved = target + np.array([0.01, 0.0])

    accuracy = contest_accuracy([(moved[:2], target[:2]), (target[2:], target[2:])],
                                choose_topology(971))  # fmt: skip

    assert np.isclose(accuracy["mse_px2"], 2 / 3 * 1.28**2 / 2)
    assert np.isclose(accuracy["nme_percent"], 2 / 3 * 2)


def test_no_report_is_promised_of_a_contest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "lite", "--contest", str(tmp_path), "--report", str(tmp_path)]) == 2

    assert "--contest without it" in capsys.readouterr().err


def test_other_landmarks_have_an_mse_alone() -> None:
    accuracy = contest_accuracy([(np.zeros((1, 5, 2)), np.ones((1, 5, 2)))], choose_topology(5))

    assert accuracy == {"mse_px2": 128**2}  # a single point has no box


def test_the_error_over_the_box_holds_for_any_landmarks() -> None:
    target = np.array([[[0.2, 0.2], [0.6, 0.2], [0.2, 0.8]]], np.float32)

    accuracy = contest_accuracy([(target + np.array([0.03, 0.04]), target)], choose_topology(3))

    assert accuracy["box_error_percent"] == pytest.approx(100 * 0.05 / np.sqrt(0.4 * 0.6), rel=1e-5)


def test_a_baseline_bundle_is_compared_in_the_baselines_crop(tmp_path: Path) -> None:
    bundle = tiny_bundles.write_landmark_bundle(tmp_path, training={"crop": "baseline"})
    photo = np.zeros((90, 120, 3), np.uint8)
    labels = np.array([[30, 20], [60, 20], [80, 80], [40, 50], [50, 60]], np.float32)

    found, target = PhotoPredictor(bundle).compare(photo, labels)

    _, placed = crop_as_baseline(photo, tiny_bundles.CROP_SIZE)
    assert np.abs(found[0] * 32 - tiny_bundles.LANDMARKS).max() < 1e-3
    assert np.abs(target[0] * 32 - placed.to_crop(labels)).max() < 1e-3


def test_another_bundle_is_compared_in_the_crop_around_the_face(tmp_path: Path) -> None:
    bundle = tiny_bundles.write_landmark_bundle(tmp_path)
    finder = tiny_bundles.write_finder_bundle(tmp_path / "finder")
    labels = np.array([[30, 20], [60, 20], [70, 60], [40, 50], [50, 60]], np.float32)

    found, target = PhotoPredictor(bundle, finder=finder).compare(
        np.zeros((90, 120, 3), np.uint8), labels
    )

    assert np.abs((target - found)[0] * 50 - (labels - tiny_bundles.landmarks_in([30, 20, 70, 60]))
                  ).max() < 1e-3  # fmt: skip
