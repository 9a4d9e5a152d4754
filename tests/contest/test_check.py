from __future__ import annotations

import pytest

pytest.importorskip("pyarrow", reason="needs the train extra: pip install '.[train]'")
pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

import json
import shutil
from typing import TYPE_CHECKING

import cv2
import numpy as np

from kilomark.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def broken_dir(contest_dir: Path, tmp_path: Path) -> Path:
    """The drawn data set with one thing of each kind gone wrong."""
    folder = tmp_path / "contest"
    shutil.copytree(contest_dir, folder)
    images = folder / "train" / "images"
    (images / "0001.jpg").unlink()
    (images / "0002.jpg").write_bytes((images / "0002.jpg").read_bytes()[:2000])
    (images / "0003.jpg").write_text("no image")
    shutil.copy(images / "0004.jpg", images / "0005.jpg")
    shutil.copy(images / "0004.jpg", images / "unknown.jpg")
    table = folder / "train" / "landmarks.csv"
    lines = table.read_text().splitlines()
    lines[7] = lines[7].replace("0006.jpg", "0007.jpg")
    lines[9] = lines[9].replace("\t", "\tx", 1)
    cells = lines[10].split("\t")
    lines[10] = "\t".join([cells[0], "-3", *cells[2:]])
    cells = lines[11].split("\t")
    lines[11] = "\t".join([*cells[:4], "99999", *cells[5:]])
    table.write_text("\n".join(lines) + "\n")
    with (folder / "test" / "test_points.csv").open("a") as file:
        file.write("t0000.jpg\t[0, 971]\n")
    return folder


def test_a_whole_data_set_passes(contest_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "check", str(contest_dir), "--strict"]) == 0

    printed = capsys.readouterr().out
    assert "20 rows of 971 landmarks, 4 test photos" in printed
    assert "nothing is wrong" in printed


def test_a_table_without_rows_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "landmarks.csv").write_text("file_name\tx\ty\n")

    assert main(["data", "check", str(tmp_path)]) == 1

    assert "error: tables without rows: 1" in capsys.readouterr().out


def test_a_table_with_commas_says_how_to_mend_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "landmarks.csv").write_text("file_name,x,y\na.jpg,1,2\n")

    assert main(["data", "check", str(tmp_path)]) == 2

    assert "turn commas into tabs" in capsys.readouterr().err


def test_everything_that_is_wrong_is_named(
    broken_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "check", str(broken_dir), "--json"]) == 1

    found = json.loads(capsys.readouterr().out)
    assert not found["ok"]
    assert found["num_rows"] == 19
    assert found["missing_photos"] == ["train/images/0001.jpg"]
    assert [line.split(":")[0] for line in found["unreadable_photos"]] == [
        "train/images/0002.jpg",
        "train/images/0003.jpg",
    ]
    assert found["repeated_file_names"] == ["0007.jpg: 2 rows"]
    assert len(found["broken_rows"]) == 1
    assert "line 10, column 2 (Point_M0_X) is 'x" in found["broken_rows"][0]
    assert found["broken_test_points"] == ["t0000.jpg: landmark 971 of 971"]
    assert found["identical_photos"] == ["train/images/0005.jpg is train/images/0004.jpg"]
    outside = "train/images/0009.jpg (line 11): 1 of 971 landmarks, the first of them number 0"
    assert outside in found["landmarks_outside"]
    far = "train/images/0010.jpg (line 12): 1 of 971 landmarks, the first of them number 1"
    assert found["landmarks_far_outside"] == [far]
    assert found["photos_without_row"] == [
        "train/images/0006.jpg", "train/images/0008.jpg", "train/images/unknown.jpg",
    ]  # fmt: skip


def test_the_summary_is_for_people(broken_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "check", str(broken_dir)]) == 1

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "19 rows of 971 landmarks, 5 test photos"
    assert "error: unreadable photos: 2" in lines
    assert "warning: photos without a row: 3" in lines


def test_warnings_alone_pass_unless_strict(contest_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "contest"
    shutil.copytree(contest_dir, folder)
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    cv2.imwrite(str(folder / "train" / "images" / "other.png"), noise)

    assert main(["data", "check", str(folder)]) == 0
    assert main(["data", "check", str(folder), "--strict"]) == 1


def test_a_folder_without_a_data_set_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "check", str(tmp_path)]) == 2

    assert "landmarks.csv cannot be read" in capsys.readouterr().err
