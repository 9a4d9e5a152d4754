from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from tests.needs_pyarrow import mark_parquet, needs_pyarrow
from tests.tiny_bundles import bright_cells

from kilomark import DependencyError, InvalidInputError
from kilomark.cli.main import main
from kilomark.folder import Counts, DetectorSettings, Progress, Shard, process_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kilomark.folder.run import FileFormat

FORMATS = mark_parquet(["parquet", "jsonl"])


def read_rows(out: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for path in sorted(out.glob("faces-*")):
        if path.suffix == ".parquet":
            from pyarrow import parquet

            rows += parquet.read_table(path).to_pylist()
        else:
            rows += [json.loads(line) for line in path.read_text().splitlines()]
    return rows


def expected_rows(photos: Path) -> list[tuple[str, int | None]]:
    numbers = [*list(range(8)), -1, *list(range(8, 11))]
    rows: list[tuple[str, int | None]] = []
    for number in numbers:
        if number < 0:
            rows.append((str(photos / "broken.JPG"), None))
            continue
        path = str(photos / ("sub" if number > 7 else ".") / f"{number:02d}.png")
        faces = list(range(number % 3)) or [None]
        rows += [(path, index) for index in faces]
    return rows


@pytest.mark.parametrize("file_format", FORMATS)
def test_each_photo_has_its_rows_in_order(
    photos: Path, tmp_path: Path, settings: DetectorSettings, file_format: FileFormat
) -> None:
    out = tmp_path / "out"
    seen: list[Progress] = []
    counts = process_folder(
        photos,
        out,
        settings=settings,
        file_format=file_format,
        photos_per_chunk=5,
        batch_images=2,
        report=seen.append,
    )
    rows = read_rows(out)
    assert [(row["path"], row["face_index"]) for row in rows] == expected_rows(photos)
    broken = next(row for row in rows if row["path"].endswith("broken.JPG"))
    assert "is not an image that Pillow can read" in broken["error"]
    assert [(row["width"], row["height"]) for row in rows if row["error"] is None] == [(64, 64)] * (
        len(rows) - 1
    )
    assert counts == Counts(photos=12, faces=10, without_faces=4, errors=1)
    assert len(seen) == 12
    assert seen[-1].left_s == 0
    assert sorted(path.name for path in out.glob("faces-*")) == [
        f"faces-{begin:09d}-{end:09d}.{file_format}" for begin, end in [(0, 4), (5, 9), (10, 11)]
    ]


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("loses_journal", [False, True])
def test_finished_chunks_are_not_done_again(
    photos: Path,
    tmp_path: Path,
    settings: DetectorSettings,
    file_format: FileFormat,
    loses_journal: bool,
) -> None:
    out = tmp_path / "out"

    def run(report: Callable[[Progress], object] | None = None) -> Counts:
        return process_folder(
            photos,
            out,
            settings=settings,
            file_format=file_format,
            photos_per_chunk=4,
            report=report,
        )

    whole = run()
    expected = read_rows(out)
    first, middle, _ = sorted(out.glob("faces-*"))
    middle.unlink()
    kept = first.stat().st_mtime_ns
    (out / f".{middle.name}.0123.tmp").write_text("half")
    if loses_journal:
        (out / "_kilomark" / "journal.jsonl").write_text('{"begin": 0, "e')
    seen: list[Progress] = []
    assert run(seen.append) == whole
    assert len(seen) == 4
    assert read_rows(out) == expected
    assert first.stat().st_mtime_ns == kept
    assert not list(out.glob(".*"))


@needs_pyarrow
def test_added_photos_come_after_the_others(
    photos: Path, tmp_path: Path, settings: DetectorSettings
) -> None:
    out = tmp_path / "out"
    process_folder(photos, out, settings=settings)
    before = read_rows(out)
    Image.fromarray(bright_cells((3, 3))).save(photos / "000.png")
    counts = process_folder(photos, out, settings=settings)
    rows = read_rows(out)
    assert rows[: len(before)] == before
    assert [row["path"] for row in rows[len(before) :]] == [str(photos / "000.png")]
    assert counts.photos == 13


@needs_pyarrow
def test_a_removed_photo_becomes_an_error(
    photos: Path, tmp_path: Path, settings: DetectorSettings
) -> None:
    out = tmp_path / "out"
    process_folder(photos, out, settings=settings, photos_per_chunk=1)
    (out / "faces-000000003-000000003.parquet").unlink()
    (photos / "03.png").unlink()
    assert process_folder(photos, out, settings=settings).errors == 2


@needs_pyarrow
def test_shards_in_one_folder_hold_each_photo_once(
    photos: Path, tmp_path: Path, settings: DetectorSettings
) -> None:
    out = tmp_path / "out"
    counts = Counts()
    for number in (1, 2, 3):
        counts.add(process_folder(photos, out, settings=settings, shard=Shard(number, 3)))
    rows = sorted((row["path"], row["face_index"] or 0) for row in read_rows(out))
    assert rows == sorted((path, index or 0) for path, index in expected_rows(photos))
    assert counts.photos == 12


@needs_pyarrow
def test_another_run_in_the_same_folder_is_refused(
    photos: Path, tmp_path: Path, settings: DetectorSettings
) -> None:
    out = tmp_path / "out"
    process_folder(photos, out, settings=settings)
    with pytest.raises(InvalidInputError, match=r"score_threshold = 0\.5; this one has 0\.25"):
        process_folder(photos, out, settings=replace(settings, score_threshold=0.25))
    with pytest.raises(InvalidInputError, match="holds a run with source"):
        process_folder(photos / "sub", out, settings=settings)


def test_without_pyarrow_nothing_is_recorded(
    photos: Path, tmp_path: Path, settings: DetectorSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "pyarrow", None)
        with pytest.raises(DependencyError, match="or write JSON Lines"):
            process_folder(photos, tmp_path / "out", settings=settings)
    counts = process_folder(photos, tmp_path / "out", settings=settings, file_format="jsonl")
    assert counts.photos == 12


@needs_pyarrow
def test_two_processes_do_not_write_to_one_folder(
    photos: Path, tmp_path: Path, settings: DetectorSettings
) -> None:
    out = tmp_path / "out"

    def again(_: Progress) -> None:
        with pytest.raises(InvalidInputError, match="another process is writing to"):
            process_folder(photos, out, settings=settings)

    process_folder(photos, out, settings=settings, report=again)


@needs_pyarrow
def test_bad_arguments_are_said(photos: Path, tmp_path: Path, settings: DetectorSettings) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInputError, match="there is no photo in folder"):
        process_folder(tmp_path / "empty", tmp_path / "out", settings=settings)
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInputError, match=r"the output folder .* cannot be used"):
        process_folder(photos, tmp_path / "file", settings=settings)
    with pytest.raises(InvalidInputError, match="photos_per_chunk is 0"):
        process_folder(photos, tmp_path / "out", settings=settings, photos_per_chunk=0)


def arguments(photos: Path, out: Path, settings: DetectorSettings) -> list[str]:
    bundles = ["--model", settings.model, "--finder", settings.finder, "--presence-threshold", "0"]
    return ["folder", str(photos), "-o", str(out), *bundles, "--device", "cpu"]


@needs_pyarrow
def test_the_command_counts_errors_and_says_so_by_its_exit_code(
    photos: Path, tmp_path: Path, settings: DetectorSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    command = arguments(photos, tmp_path / "out", settings)
    assert main([*command, "--format", "jsonl"]) == 1
    assert "12 photos: 10 faces, 4 photos without faces, 1 error" in capsys.readouterr().out
    assert main(command) == 2  # the output is JSON Lines
    assert "holds a run with format = 'jsonl'" in capsys.readouterr().err
    (photos / "broken.JPG").unlink()
    assert main(arguments(photos, tmp_path / "out2", settings)) == 0
    with pytest.raises(SystemExit):
        main([*command, "--shard", "3/2"])
    assert "shard 3/2; expected i/n with i from 1 to n" in capsys.readouterr().err


def test_predict_names_this_command_for_a_folder(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(photos)]) == 2
    assert f"kilomark folder {photos} -o OUT" in capsys.readouterr().err
    assert main(["predict", f"{photos}/*.png"]) == 2
    assert f"kilomark folder '{photos}/*.png' -o OUT" in capsys.readouterr().err


@needs_pyarrow
def test_a_killed_run_goes_on_where_it_stopped(
    photos: Path, tmp_path: Path, settings: DetectorSettings
) -> None:
    """SIGKILL in the middle, three times; the rows are those of a run that was left alone."""
    for number in range(100):
        os.link(photos / "02.png", photos / f"copy{number:03d}.png")
    slow = "import time, kilomark.folder.run as r, kilomark.cli.main as m, sys\n"
    slow += "rows, delays = r.make_rows, iter([0.01] * 60 + [600])\n"  # it must not end by itself
    slow += "r.make_rows = lambda *a, **k: (time.sleep(next(delays)), rows(*a, **k))[1]\n"
    slow += "sys.exit(m.main(sys.argv[1:]))"
    out = tmp_path / "out"
    command = [*arguments(photos, out, settings), "--photos-per-file", "4"]
    for finished in (2, 8, 14):
        process = subprocess.Popen([sys.executable, "-c", slow, *command])
        while len(list(out.glob("faces-*"))) < finished and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    modified = {path: path.stat().st_mtime_ns for path in out.glob("faces-*")}
    assert main(command) == 1
    assert all(path.stat().st_mtime_ns == then for path, then in modified.items())
    main([*arguments(photos, tmp_path / "alone", settings), "--photos-per-file", "4"])
    assert read_rows(out) == read_rows(tmp_path / "alone")
    names = [sorted(path.name for path in folder.iterdir()) for folder in (out, tmp_path / "alone")]
    assert names[0] == names[1]
