from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from kilomark.data.face_crops import read_face_crops
from kilomark.errors import InvalidInputError
from kilomark.evaluation.metrics import area_under_curve, box_errors, calibration, roc_curve
from kilomark.evaluation.photo_quality import measure_photos
from kilomark.evaluation.slices import (
    eye_opening,
    measure_slices,
    mouth_opening,
    read_noted_slices,
    slice_members,
)

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark.data.face_crops import FaceCrops

Array = np.ndarray[Any, Any]


def _contour(count: int, height: float) -> Array:
    """(1, count, 2) of an ellipse of width 1, from the left corner along its lower side."""
    angle = np.pi - 2 * np.pi * np.arange(count) / count
    return np.stack([0.5 * np.cos(angle), 0.5 * height * np.sin(angle)], -1)[None]


@pytest.mark.parametrize("height", [0.0, 0.2, 0.5])
def test_openings_of_known_contours(height: float) -> None:
    assert mouth_opening(_contour(112, height), 0, 112)[0] == pytest.approx(height)
    assert eye_opening(_contour(96, height), 0, 96)[0] == pytest.approx(height, rel=0.13)


def test_a_slice_of_large_errors_is_a_limit() -> None:
    per_face = np.array([1.0] * 90 + [9.0] * 10)
    members = {"all": np.ones(100, bool), "bad": per_face > 5, "few": np.arange(100) < 9}

    all_faces, bad = measure_slices(members, per_face)

    assert (all_faces.name, bad.name) == ("all", "bad")  # too few faces say nothing
    assert bad.num_faces == 10
    assert bad.factor == pytest.approx(5.0)
    assert bad.is_limit
    assert not all_faces.is_limit
    assert bad.failure_percent == 100


def test_the_interval_of_a_factor_is_wide_where_a_slice_is_small() -> None:
    per_face = np.random.default_rng(1).exponential(size=900)  # equally hard faces
    members = {"all": np.ones(900, bool), "few": np.arange(900) < 20, "many": np.arange(900) < 300}

    all_faces, few, many = measure_slices(members, per_face)

    assert all_faces.factor_interval == pytest.approx((1, 1))
    widths = [high - low for low, high in (few.factor_interval, many.factor_interval)]
    assert widths[0] == pytest.approx(4 / 20**0.5, rel=0.4)  # the deviation of a mean of 20, twice
    assert widths[1] < 0.4 * widths[0]
    for part in (few, many):
        assert part.factor_interval[0] < part.factor < part.factor_interval[1]


def test_the_interval_of_a_bad_slice_stays_above_the_mean() -> None:
    per_face = np.array([1.0] * 90 + [9.0] * 10)
    (bad,) = measure_slices({"bad": per_face > 5}, per_face)

    assert 9 / 2.5 < bad.factor_interval[0] < bad.factor < bad.factor_interval[1] < 9


@pytest.fixture
def faces(faces_dir: Path, cache_dir: Path) -> FaceCrops:
    return read_face_crops(faces_dir, "train", cache_dir)


def test_members_come_from_the_labels(faces: FaceCrops) -> None:
    pose = np.zeros((24, 3), np.float32)
    pose[:4, 0], pose[4:9, 0] = -40, 20
    valid = faces.valid.copy()
    valid[3, 2] = 60

    members = slice_members(replace(faces, pose=pose, valid=valid))

    assert np.flatnonzero(members["yaw above 30°"]).tolist() == [0, 1, 2, 3]
    assert members["yaw 15° to 30°"].sum() == 5
    assert np.flatnonzero(members["cut off by the photo's edge"]).tolist() == [3]
    assert members["masked"].sum() == 8
    assert "closed eyes" not in members  # a drawn ring has no eyes


def test_attributes_of_the_labels_are_slices(faces: FaceCrops) -> None:
    ages = np.array(["0-2"] * 10 + ["70+"] * 14)

    members = slice_members(replace(faces, attributes={"age": ages}))

    assert members["age 0-2"].sum() == 10
    assert np.flatnonzero(members["age 70+"]).tolist() == list(range(10, 24))


def test_the_error_over_the_box_is_measured_by_slice() -> None:
    target = np.zeros((12, 4, 2))
    target[:, 1:, 0], target[:, 2:, 1] = 0.4, 0.1  # boxes of 0.4 x 0.1
    by_box = box_errors(target + np.array([0.03, 0.04]), target)

    (found,) = measure_slices({"all": np.ones(12, bool)}, np.ones(12), by_box)

    assert found.box_error_percent == pytest.approx(100 * 0.05 / 0.2)


def test_somebody_may_note_a_slice(faces: FaceCrops, tmp_path: Path) -> None:
    file = tmp_path / "slices.json"
    file.write_text(json.dumps({"glasses": [faces.name(3), faces.name(5)], "hats": []}))

    members = slice_members(faces, read_noted_slices(file))

    assert np.flatnonzero(members["glasses"]).tolist() == [3, 5]
    assert not members["hats"].any()


def test_a_noted_photo_that_is_not_there_is_named(faces: FaceCrops) -> None:
    with pytest.raises(InvalidInputError, match=r"2 photos .* 'elsewhere'.*expected names"):
        slice_members(faces, {"glasses": [faces.name(3), "nowhere", "elsewhere"]})


@pytest.mark.parametrize("content", ["[1]", '{"glasses": "00010"}', '{"glasses": [10]}', "no"])
def test_other_files_are_refused(content: str, tmp_path: Path) -> None:
    file = tmp_path / "slices.json"
    file.write_text(content)

    with pytest.raises(InvalidInputError, match=r"slices\.json"):
        read_noted_slices(file)


class _Recolored:
    """The same faces in other colors."""

    def __init__(self, faces: FaceCrops, color: tuple[int, int, int]) -> None:
        self.faces, self.color = faces, color
        self.landmarks = faces.landmarks

    def __len__(self) -> int:
        return 3

    def image(self, face: int) -> Array:
        is_face = self.faces.image(face)[..., :1] > 140
        return np.where(is_face, self.color, 60).astype(np.uint8)


def _quality(faces: FaceCrops, color: tuple[int, int, int]) -> Any:  # noqa: ANN401
    recolored: Any = _Recolored(faces, color)
    return measure_photos(recolored)


def test_skin_and_light_as_pictured(faces: FaceCrops) -> None:
    light, dark = _quality(faces, (230, 195, 170)), _quality(faces, (95, 60, 42))
    gray = _quality(faces, (128, 128, 128))

    assert (light.skin_ita_deg > 41).all()
    assert (dark.skin_ita_deg < 10).all()
    assert (dark.lightness < light.lightness).all()
    assert light.is_color.all()
    assert dark.is_color.all()
    assert not gray.is_color.any()


def test_blur_is_less_sharp(faces: FaceCrops) -> None:
    sharp = measure_photos(faces)

    class Blurred(_Recolored):
        def image(self, face: int) -> Array:
            return cv2.GaussianBlur(self.faces.image(face), (0, 0), 4)

    blurred: Any = Blurred(faces, (0, 0, 0))

    assert (measure_photos(blurred).sharpness < 0.5 * sharp.sharpness[:3]).all()


def test_the_area_under_the_cumulative_error() -> None:
    assert area_under_curve(np.zeros(3)) == 1
    assert area_under_curve(np.full(3, 4.0), limit=8) == 0.5
    assert area_under_curve(np.full(3, 9.0), limit=8) == 0


def test_calibration_of_a_spread_that_is_twice_the_error() -> None:
    spread = np.random.default_rng(0).uniform(0.01, 0.1, (50, 20))

    right, doubled = calibration(spread, spread), calibration(2 * spread, spread)

    assert right.off_percent == pytest.approx(0, abs=1e-9)
    assert doubled.off_percent == pytest.approx(100)
    assert np.allclose(doubled.spread, 2 * doubled.error)
    assert (np.diff(right.spread) > 0).all()


def test_roc_of_known_scores() -> None:
    apart = roc_curve(np.array([0.8, 0.9]), np.array([0.1, 0.2]))
    mixed = roc_curve(np.array([0.2, 0.6]), np.array([0.4, 0.4]))
    tied = roc_curve(np.full(5, 0.5), np.full(7, 0.5))

    assert apart.area == 1
    assert mixed.area == 0.5
    assert tied.area == 0.5
    assert (np.diff(apart.false_share) >= 0).all()
    assert apart.true_share[-1] == apart.false_share[-1] == 1
