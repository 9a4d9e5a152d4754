from __future__ import annotations

import ast
import csv
import io
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

from tests import tiny_bundles

from kilomark.contest.prediction import PhotoPredictor
from kilomark.contest.submission import write_submission
from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "file_name," + ",".join(f"Point_M{i}_X,Point_M{i}_Y" for i in range(30))


def _write_test(folder: Path, rows: list[tuple[str, Any]]) -> Path:
    (folder / "test" / "images").mkdir(parents=True)
    image = np.full((60, 80, 3), 90, np.uint8)
    for name, _ in rows:
        cv2.imwrite(str(folder / "test" / "images" / name), image)
    lines = ["file_name\tpoint_index_list", *(f"{name}\t{points}" for name, points in rows)]
    (folder / "test" / "test_points.csv").write_text("\n".join(lines) + "\n")
    return folder


def _drawn_prediction(photo: np.ndarray) -> np.ndarray:
    """Landmarks of all signs and fractions, other ones for each photo."""
    rng = np.random.default_rng(int(photo[0, 0, 0]))
    return rng.uniform(-20, 400, (971, 2))


def _reference(contest_dir: Path) -> bytes:
    """What the baseline writes, by the standard library's own writer of such files."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    header = ["file_name"]
    for i in range(30):
        header += [f"Point_M{i}_X", f"Point_M{i}_Y"]
    writer.writerow(header)
    with (contest_dir / "test" / "test_points.csv").open(newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))[1:]
    for name, points in rows:
        photo = cv2.imread(str(contest_dir / "test" / "images" / name))[..., ::-1]
        landmarks = _drawn_prediction(photo)
        cells = [name]
        for index in ast.literal_eval(points):
            cells += [str(int(value)) for value in landmarks[index]]
        writer.writerow(cells)
    return out.getvalue().encode()


def test_the_file_is_the_baselines_byte_for_byte(contest_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "submission.csv"

    count = write_submission(contest_dir, out, 971, _drawn_prediction)

    written = out.read_bytes()
    assert count == 4
    assert written == _reference(contest_dir)
    assert written.startswith(HEADER.encode() + b"\nt0000.jpg,")
    assert b"\r" not in written
    assert [path.name for path in tmp_path.iterdir()] == ["submission.csv"]


def test_fractions_are_cut_off_towards_zero(tmp_path: Path) -> None:
    folder = _write_test(tmp_path, [("a.png", [2, 0])])
    landmarks = np.array([[-0.9, 7.99], [1.0, 1.0], [12.5, -3.5]])

    write_submission(folder, tmp_path / "out.csv", 3, lambda _: landmarks)

    assert (tmp_path / "out.csv").read_text().splitlines() == [
        "file_name,Point_M0_X,Point_M0_Y,Point_M1_X,Point_M1_Y",
        "a.png,12,-3,0,7",
    ]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("a.png", [0, 971])], "landmark 971, and the network has 971"),
        ([("a.png", [0]), ("b.png", [1, 2])], "1 landmarks of some photos and 2 of others"),
        ([("a.png", [])], r"line 2 is 'a.png\\t\[\]'"),
        ([("a.png", "[1, 2"), ("b.png", [1])], r"line 2 .* expected a file name, a tab and a list"),
        ([("a.png", "[1, -2]")], "line 2"),
        ([("a.png", "[True, 1.5]")], "line 2"),
        ([("a.png", "__import__('os').getpid()")], "line 2"),
        ([], "names no photo"),
    ],
)
def test_bad_test_points_are_named(tmp_path: Path, rows: list[tuple[str, Any]], said: str) -> None:
    folder = _write_test(tmp_path, rows)

    with pytest.raises(InvalidInputError, match=said):
        write_submission(folder, tmp_path / "out.csv", 971, _drawn_prediction)


def test_a_missing_photo_leaves_no_half_written_file(tmp_path: Path) -> None:
    folder = _write_test(tmp_path / "contest", [("a.png", [0]), ("b.png", [0])])
    (folder / "test" / "images" / "b.png").unlink()

    with pytest.raises(InvalidInputError, match=r"b\.png cannot be read"):
        write_submission(folder, tmp_path / "out.csv", 971, _drawn_prediction)
    assert not list(tmp_path.glob("out*"))


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    folder = _write_test(tmp_path, [("a.png", [0])])

    with pytest.raises(InvalidInputError, match=r"no-such-folder.*cannot be written"):
        write_submission(folder, tmp_path / "no-such-folder" / "out.csv", 971, _drawn_prediction)


@pytest.mark.parametrize(("height", "width"), [(300, 200), (200, 301), (131, 97), (32, 32)])
def test_a_network_of_the_baselines_crop_sees_that_crop(
    height: int, width: int, tmp_path: Path
) -> None:
    """The tiny network puts its landmarks at known places of its crop; f and margins take them
    back to the photo."""
    bundle = tiny_bundles.write_landmark_bundle(tmp_path, training={"crop": "baseline"})
    size = tiny_bundles.CROP_SIZE

    found = PhotoPredictor(bundle)(np.zeros((height, width, 3), np.uint8))

    f = size / width if height > width else size / height
    scaled_height, scaled_width = round(height * f), round(width * f)
    margins = np.array([(scaled_width - size) // 2, (scaled_height - size) // 2])
    assert np.abs(found - (tiny_bundles.LANDMARKS + margins) / f).max() < 1e-3


def test_another_network_sees_a_crop_around_the_face(tmp_path: Path) -> None:
    bundle = tiny_bundles.write_landmark_bundle(tmp_path / "landmarks")
    finder = tiny_bundles.write_finder_bundle(tmp_path / "finder")
    predictor = PhotoPredictor(bundle, finder=finder)

    found = predictor(tiny_bundles.bright_cells((2, 3)))
    wanted = tiny_bundles.landmarks_in(tiny_bundles.box_of_cell(2, 3))
    assert np.abs(found - wanted).max() < 0.01
    assert predictor.photos_without_face == 0

    found = predictor(np.zeros((40, 60, 3), np.uint8))
    assert np.abs(found - (tiny_bundles.LANDMARKS * 40 / 32 + (10, 0))).max() < 0.01
    assert predictor.photos_without_face == 1
