"""The accuracy benchmark: each layout is read, faces are paired, errors are what they should be."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tools.accuracy.layouts import guess_layout, read_data
from tools.accuracy.scoring import asymmetry, match, point_errors, transfer

from kilomark.errors import InvalidInputError

cv2 = pytest.importorskip("cv2")

if TYPE_CHECKING:
    from pathlib import Path

BOX = np.array([[10.0, 20.0, 50.0, 60.0]])


def write_photo(path: Path) -> None:
    cv2.imwrite(str(path), np.full((80, 90, 3), 128, np.uint8))


def test_a_folder_of_pts_files(tmp_path: Path) -> None:
    write_photo(tmp_path / "one.jpg")
    points = "\n".join(f"{10 + i} {20 + i}" for i in range(68))
    (tmp_path / "one.pts").write_text(f"version: 1\nn_points: 68\n{{\n{points}\n}}\n")

    (photo,) = read_data(tmp_path)

    assert photo.points is not None
    assert photo.points.shape == (1, 68, 2)
    assert photo.points[0, 0].tolist() == [9.5, 19.5]  # counted from 1, at the pixel's center
    assert photo.boxes[0].tolist() == [9.5, 19.5, 76.5, 86.5]


def test_lists_of_points(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.jpg")
    wflw = tmp_path / "list_98pt.txt"
    wflw.write_text(" ".join(["7"] * 196 + ["0"] * 10 + ["a.jpg"]) + "\n")
    cofw = tmp_path / "cofw.txt"
    cofw.write_text(" ".join(["a.jpg", *["3"] * 58, *["0"] * 29]) + "\n")

    assert (guess_layout(wflw), guess_layout(cofw)) == ("wflw", "cofw")
    for file, shape in ((wflw, (1, 98, 2)), (cofw, (1, 29, 2))):
        (photo,) = read_data(file)
        assert photo.points is not None
        assert photo.points.shape == shape


def test_lists_of_boxes(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        write_photo(tmp_path / name)
    wider = tmp_path / "wider.txt"
    wider.write_text(
        "a.jpg\n2\n1 2 10 20 0 0 0 0 0 0\n5 5 9 9 0 0 0 1 0 0\nb.jpg\n0\n0 0 0 0 0 0 0 0 0 0\n"
    )
    coco = tmp_path / "coco.json"
    annotations = [{"image_id": 4, "bbox": [1, 2, 10, 20], "iscrowd": 0}]
    images = [{"id": 4, "file_name": "a.jpg"}, {"id": 5, "file_name": "b.jpg"}]
    coco.write_text(json.dumps({"images": images, "annotations": annotations}))

    first, second = read_data(wider)
    assert first.boxes.tolist() == [[1, 2, 11, 22], [5, 5, 14, 14]]
    assert first.ignored.tolist() == [False, True]
    assert second.boxes.shape == (0, 4)
    first, second = read_data(coco)
    assert first.boxes.tolist() == [[1, 2, 11, 22]]
    assert second.boxes.shape == (0, 4)


def test_a_photo_without_faces_needs_no_row_of_zeros(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        write_photo(tmp_path / name)
    (tmp_path / "wider.txt").write_text("a.jpg\n0\nb.jpg\n1\n1 2 10 20\n")
    first, second = read_data(tmp_path / "wider.txt")
    assert (len(first.boxes), len(second.boxes)) == (0, 1)


@pytest.mark.parametrize(
    ("layout", "text", "message"),
    [
        ("wider", "a.jpg\nmany\n", r":2 holds 'many'; expected the number of faces"),
        ("wider", "a.jpg\n1\n1 2 x 4\n", r":3 holds '1 2 x 4'; expected x y width height"),
        ("wider", "a.jpg\n3\n1 2 3 4\n", r":2: 1 of 3 faces follow"),
        ("wider", "a.jpg\n", r"no line after the last name"),
        ("wflw", "1 2 3 a.jpg\n", r":1 holds .*; expected 196 coordinates"),
        ("cofw", "a.jpg 1 2 3\n", r":1 holds .*; expected a name and 58 coordinates"),
        ("coco", "{", r"not in the layout of COCO: JSONDecodeError"),
        ("coco", '{"images": [{"id": 1}], "annotations": []}', r"COCO: KeyError: 'file_name'"),
        ("coco", "[]", r"not in the layout of COCO: TypeError"),
    ],
)
def test_a_malformed_list_says_where(tmp_path: Path, layout: str, text: str, message: str) -> None:
    (tmp_path / "labels").write_text(text)
    with pytest.raises(InvalidInputError, match=message):
        read_data(tmp_path / "labels", layout)


def test_a_missing_photo_is_named(tmp_path: Path) -> None:
    (tmp_path / "wider.txt").write_text("gone.jpg\n1\n1 2 10 20\n")
    with pytest.raises(InvalidInputError, match=r"gone\.jpg"):
        read_data(tmp_path / "wider.txt")


def test_faces_are_found_missed_and_false() -> None:
    labels = np.concatenate([BOX, BOX + 100, BOX + 200])
    boxes = np.concatenate([BOX + 2, BOX + 3, BOX + 198, BOX + 400])
    ignored = np.array([False, False, True])

    partner, counts = match(labels, ignored, boxes)

    assert partner.tolist() == [0, -1, 2]
    assert (counts.found, counts.missed, counts.false) == (1, 1, 2)


def test_nothing_found_is_all_missed() -> None:
    partner, counts = match(BOX, np.array([False]), np.zeros((0, 4)))
    assert partner.tolist() == [-1]
    assert (counts.found, counts.missed, counts.false) == (0, 1, 0)


def test_a_linear_map_takes_one_annotation_to_another() -> None:
    rng = np.random.default_rng(0)
    base, modes = rng.normal(size=(1, 10, 2)), rng.normal(size=(3, 10, 2))
    found = base + np.einsum("nm,mkd->nkd", rng.normal(0, 0.05, (60, 3)), modes)
    found = 40 * found + rng.uniform(50, 90, (60, 1, 2))
    labels = (found[:, :5] + found[:, 5:]) / 2  # linear in what the system finds

    mapped = transfer(found, labels, np.arange(60) % 2 == 1)

    by_box, by_eyes = point_errors(mapped, labels, (0, 1))
    assert by_box.mean() < 1.0
    assert np.isfinite(by_eyes).all()


def test_a_profile_is_more_asymmetric_than_a_frontal_face() -> None:
    labels = np.array([[[0, 0], [10, 0], [5, 4]], [[0, 0], [10, 0], [9, 4]]], float)
    assert asymmetry(labels, (0, 1), 2).tolist() == pytest.approx([0.0, 0.8])


def test_the_command_prints_a_table(tmp_path: Path) -> None:
    from kilomark.demo import __path__ as demo

    photo = cv2.imread(f"{next(iter(demo))}/astronaut.jpg")
    cv2.imwrite(str(tmp_path / "a.jpg"), photo)
    (tmp_path / "wider.txt").write_text("a.jpg\n1\n10 10 4 4\n")
    done = subprocess.run(
        [sys.executable, "tools/benchmark_accuracy.py", str(tmp_path / "wider.txt"), "--system",
         "kilomark:lite", "--out", str(tmp_path / "t.md"), "--picture", str(tmp_path / "p.png")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "| kilomark:lite | 0 | 1 | 1 |" in done.stdout
    assert (tmp_path / "t.md").read_text().startswith("| system |")
    assert cv2.imread(str(tmp_path / "p.png")) is not None


def test_an_unknown_system_is_refused(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.jpg")
    labels = tmp_path / "wider.txt"
    labels.write_text("a.jpg\n0\n0 0 0 0\n")
    done = subprocess.run(
        [sys.executable, "tools/benchmark_accuracy.py", str(labels), "--system", "x"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "expected kilomark:BUNDLE" in done.stderr
