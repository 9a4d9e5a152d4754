from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.full_disk import files_of_at_most
from tests.tiny_bundles import box_of_cell, bright_cells

from kilomark import Detector, InferenceError, InvalidInputError
from kilomark.cli.main import main
from kilomark.json_text import to_json
from kilomark.photos import choose_outputs

Run = Callable[..., int]


@pytest.fixture
def run(tiny: Path, tiny_faces: Path) -> Run:
    """Run `kilomark predict` in this process, with the tiny bundles."""

    def run_predict(*arguments: str | Path) -> int:
        bundles = ["--model", str(tiny), "--finder", str(tiny_faces), "--presence-threshold", "0"]
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


def test_picture_is_written_and_named(
    run: Run, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(photo, "-o", tmp_path / "new" / "out.png") == 0
    assert capsys.readouterr().out.endswith(f"\nwritten to {tmp_path / 'new' / 'out.png'}\n")
    with Image.open(tmp_path / "new" / "out.png") as picture:
        assert picture.size == (64, 64)
        assert picture.convert("RGB").tobytes() != Image.open(photo).tobytes()


def test_json_lines_on_the_standard_output_are_all_that_is_there(
    run: Run, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(photo, photo, "--json") == 0
    first, second = map(parse, capsys.readouterr().out.splitlines())
    assert first == second
    (face,) = first["faces"]
    assert (first["width"], first["height"]) == (64, 64)
    assert face["box"] == pytest.approx(box_of_cell(3, 4), abs=1e-2)
    assert len(face["landmarks"]) == 5


def test_json_file(
    run: Run, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(photo, "--json", tmp_path / "out.json") == 0
    document = parse((tmp_path / "out.json").read_text())
    assert len(document["photos"]) == 1
    assert document["num_landmarks"] == 5
    assert [group["name"] for group in document["groups"]] == ["right_eye", "left_eye", "nose"]
    assert "1 face" in capsys.readouterr().out


def test_json_lines_are_appended(run: Run, photo: Path, tmp_path: Path) -> None:
    lines = tmp_path / "out.jsonl"
    assert run(photo, "--json", lines) == 0
    whole = lines.read_text()
    lines.write_text(whole + whole[:100])  # as a killed process leaves it
    assert run(photo, "--json", lines) == 0
    assert lines.read_text() == whole * 2


def test_json_lines_after_the_lines_of_somebody_else(run: Run, photo: Path, tmp_path: Path) -> None:
    lines = tmp_path / "out.jsonl"
    lines.write_text("no end of line")
    assert run(photo, "--json", lines) == 0
    assert lines.read_text().startswith('no end of line\n{"photo"')


def test_full_disk_leaves_whole_lines(
    run: Run, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = tmp_path / "out.jsonl"
    assert run(photo, "--json", lines) == 0
    size = lines.stat().st_size
    with files_of_at_most(2 * size + size // 2):
        assert run(photo, photo, photo, "--json", lines) == 2
    assert [parse(line)["width"] for line in lines.read_text().splitlines()] == [64, 64]
    assert "out.jsonl cannot be written: File too large" in capsys.readouterr().err


def test_full_disk_leaves_the_document_and_the_picture(
    run: Run, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, option in (("out.json", "--json"), ("out.bmp", "-o")):
        (tmp_path / name).write_bytes(b"old")
        with files_of_at_most(100):
            assert run(photo, option, tmp_path / name) == 2
        assert (tmp_path / name).read_bytes() == b"old"
        assert "cannot be written" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.bmp", "out.json", "photo.png"]


def test_photo_whose_network_fails_does_not_stop_the_others(
    run: Run, photo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = [InferenceError("NaN"), MemoryError()]
    predict = Detector.predict

    def predict_badly(self: Detector, image: object) -> object:
        if errors:
            raise errors.pop(0)
        return predict(self, image)  # type: ignore[call-overload]

    monkeypatch.setattr(Detector, "predict", predict_badly)
    assert run(photo, photo, photo, "--json") == 1
    reports = [parse(line) for line in capsys.readouterr().out.splitlines()]
    assert [report.get("error") for report in reports] == [
        "NaN",
        f"{photo} does not fit into memory; reduce it",
        None,
    ]


def test_folder_that_may_not_be_looked_into(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_dir", refuse)
    with pytest.raises(
        InvalidInputError, match=r"-o /root/x\.png cannot be used: Permission denied"
    ):
        choose_outputs([photo], Path("/root/x.png"))


def test_number_that_is_not_finite_becomes_null() -> None:
    values = {"score": float("nan"), "landmarks": [[1.0, float("inf")]], "name": "x"}
    assert parse(to_json(values)) == {"score": None, "landmarks": [[1.0, None]], "name": "x"}


def test_photo_without_faces_says_what_to_try(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (1000, 400)).save(tmp_path / "dark.png")
    assert run(tmp_path / "dark.png") == 0
    out = capsys.readouterr().out
    assert "0 faces; the image is 1000 px long and was searched at 320 px" in out
    assert "try --finder-size 640 or --finder-tiles 2" in out


def test_pictures_are_numbered_in_linear_time_and_without_surprises(tmp_path: Path) -> None:
    folders = [f"{index}/photo.jpg" for index in range(20_000)]
    photos = [Path("a/photo-2.jpg"), *map(Path, folders), Path("b/photo-4.jpg"), Path("c/x.heic")]
    begin = time.process_time()
    pictures = choose_outputs(photos, tmp_path)
    assert time.process_time() - begin < 10  # the square of 20,000 takes minutes
    names = [picture.name for picture in pictures if picture]
    assert names[:5] == ["photo-2.jpg", "photo.jpg", "photo-3.jpg", "photo-5.jpg", "photo-6.jpg"]
    assert names[-2:] == ["photo-4.jpg", "x.png"]
    assert len(set(names)) == len(photos)


def test_json_never_overwrites_a_photo(
    run: Run, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = photo.read_bytes()
    assert run("--json", photo) == 2
    assert run(photo, "-o", photo) == 2
    assert run(photo, "-o", photo.parent) == 2
    assert photo.read_bytes() == before
    assert "does not end in .json or .jsonl" in capsys.readouterr().err


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
    reports = [parse(line) for line in captured.out.splitlines()]
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
    command = [sys.executable, "-m", "kilomark", "predict", str(photo)]
    options = ["--model", str(tiny), "--finder", str(tiny_faces), "--threads", "1", "--json=-"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    assert parse(done.stdout)["photo"] == str(photo)


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_full_standard_output(
    photo: Path, tiny: Path, tiny_faces: Path, options: list[str]
) -> None:
    command = [sys.executable, "-m", "kilomark.cli.main", "predict", str(photo), *options]
    bundles = ["--model", str(tiny), "--finder", str(tiny_faces), "--threads", "1"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*command, *bundles], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    # OpenVINO may print lines before: on aarch64 one if it cannot read the model of the processor.
    assert done.stderr.splitlines()[-1] == (
        "kilomark: the standard output cannot be written: No space left on device"
    )
    assert "Traceback" not in done.stderr


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
