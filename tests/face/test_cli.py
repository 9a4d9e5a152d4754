from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from tests.tiny_bundles import box_of_cell, bright_cells

from kilomark.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

Run = Callable[..., int]


@pytest.fixture
def run(tiny: Path, tiny_faces: Path) -> Run:
    """Run `kilomark predict` in this process, with the tiny bundles."""

    def run_predict(*arguments: str | Path) -> int:
        bundles = ["--model", str(tiny), "--faces", str(tiny_faces), "--presence-threshold", "0"]
        try:
            return main(["predict", *map(str, arguments), *bundles])
        except SystemExit as error:
            return int(error.code or 0)

    return run_predict


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo with one tiny face."""
    Image.fromarray(bright_cells((3, 4))).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def parse(text: str) -> Any:  # noqa: ANN401
    """Parse JSON that holds no NaN or infinity."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


def test_summary_names_box_score_and_pose(
    run: Run, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(photo) == 0
    out = capsys.readouterr().out
    assert "photo.png (64 x 64): 1 face" in out
    assert "1. box 28, 20 to 44, 36  score 1.00" in out
    assert "yaw" in out


def test_picture_is_written(run: Run, photo: Path, tmp_path: Path) -> None:
    assert run(photo, "-o", tmp_path / "new" / "out.png") == 0
    with Image.open(tmp_path / "new" / "out.png") as picture:
        assert picture.size == (64, 64)
        assert picture.convert("RGB").tobytes() != Image.open(photo).tobytes()


def test_json_on_the_standard_output_is_all_that_is_there(
    run: Run, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(photo, "--json") == 0
    document = parse(capsys.readouterr().out)
    (report,) = document["photos"]
    (face,) = report["faces"]
    assert (report["width"], report["height"]) == (64, 64)
    assert face["box"] == pytest.approx(box_of_cell(3, 4), abs=1e-2)
    assert len(face["landmarks"]) == document["num_landmarks"] == 5
    assert [group["name"] for group in document["groups"]] == ["right_eye", "left_eye", "nose"]


def test_json_file(
    run: Run, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(photo, "--json", tmp_path / "out.json") == 0
    assert len(parse((tmp_path / "out.json").read_text())["photos"]) == 1
    assert "1 face" in capsys.readouterr().out


def test_json_never_overwrites_a_photo(
    run: Run, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = photo.read_bytes()
    assert run("--json", photo) == 2
    assert run(photo, "-o", photo) == 2
    assert run(photo, "-o", photo.parent) == 2
    assert photo.read_bytes() == before
    assert "does not end in .json" in capsys.readouterr().err


def test_several_photos_go_to_a_folder(run: Run, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "photo.png"
    other.write_bytes(photo.read_bytes())
    assert run(photo, other, "-o", tmp_path / "out") == 0
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["photo-2.png", "photo.png"]
    assert run(photo, other, "-o", tmp_path / "one.png") == 2


def test_unreadable_photo_does_not_stop_the_others(
    run: Run, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no image")
    assert run(broken, photo, tmp_path / "gone.jpg", "--json") == 1
    captured = capsys.readouterr()
    assert "broken.jpg" in captured.err
    assert "gone.jpg" in captured.err
    reports = parse(captured.out)["photos"]
    assert ["error" in report for report in reports] == [True, False, True]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no photo given"),
        (["--demo", "--device", "cuda"], "'cuda' cannot be used: "),
        (["--demo", "--device", "tpu"], "there is no device 'tpu'"),
        (["--demo", "--threads", "0"], "num_threads is 0"),
        (["--demo", "--score-threshold", "7"], "score_threshold is 7"),
        (["--demo", "-o", "picture.xyz"], "no picture of type .xyz"),
        (["--demo", "-o", "/proc/none/out.png"], "cannot be made"),
        (["--demo", "--json", "/proc/none.json"], "cannot be written"),
    ],
)
def test_usage_errors_are_one_line(
    run: Run, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    err = capsys.readouterr().err
    assert message in err
    assert "Traceback" not in err


def test_unknown_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "--demo", "--model", "resnet51"]) == 2
    assert "no bundle 'resnet51'" in capsys.readouterr().err


def test_installed_command(photo: Path, tiny: Path, tiny_faces: Path) -> None:
    command = [sys.executable, "-m", "kilomark.cli.main", "predict", str(photo)]
    options = ["--model", str(tiny), "--faces", str(tiny_faces), "--threads", "1", "--json=-"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    assert len(parse(done.stdout)["photos"]) == 1


def test_info_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    assert "openvino" in out
    assert "cpu" in out
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])


def test_command_that_needs_more_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    folders = ["--faces", str(tmp_path), "--scenes", str(tmp_path), "--out", str(tmp_path)]
    assert main(["train", "lite", *folders]) == 2
    assert "pip install 'kilomark[train]'" in capsys.readouterr().err
