from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

import os
import pickle
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kilomark.contest import rows as contest_rows
from kilomark.contest import table as contest_table
from kilomark.contest.rows import read_header, read_row_blocks
from kilomark.contest.table import read_contest_table
from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    from pathlib import Path

HEADER = ["file_name", "Point_M0_X", "Point_M0_Y", "Point_M1_X", "Point_M1_Y"]


def _write(path: Path, rows: list[list[str]], header: list[str] = HEADER) -> Path:
    path.write_bytes("".join("\t".join(row) + "\n" for row in [header, *rows]).encode())
    return path


def _numbered(count: int) -> list[list[str]]:
    return [[f"{i}.jpg", str(i), str(i + 1), f"{i}.25", f"-{i}.5"] for i in range(count)]


def test_integers_and_decimals_are_read_in_the_files_order(tmp_path: Path) -> None:
    table = read_contest_table(_write(tmp_path / "a.csv", _numbered(30)), tmp_path / "cache")

    i = np.arange(30)
    wanted = np.stack([i, i + 1, i + 0.25, -(i + 0.5)], 1).reshape(30, 2, 2)
    assert table.landmarks.dtype == np.float32
    assert table.landmarks.shape == (30, 2, 2)
    np.testing.assert_allclose(table.landmarks[1:], wanted[1:])
    assert table.file_names[:2] == ("0.jpg", "1.jpg")
    assert table.persons is None


def test_a_column_says_who(tmp_path: Path) -> None:
    rows = [
        [name, who, *numbers] for who, (name, *numbers) in zip("abca", _numbered(4), strict=True)
    ]
    path = _write(tmp_path / "a.csv", rows, [HEADER[0], "person", *HEADER[1:]])

    table = read_contest_table(path, tmp_path)

    assert table.persons == ("a", "b", "c", "a")
    assert table.landmarks.shape == (4, 2, 2)
    assert table.landmarks[3, 0].tolist() == [3, 4]


def test_blocks_join_to_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _write(tmp_path / "a.csv", _numbered(200))
    path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    whole = read_contest_table(path, tmp_path / "whole")

    monkeypatch.setattr(contest_rows, "_BLOCK_BYTES", 100)
    parts = read_contest_table(path, tmp_path / "parts")
    blocks = list(read_row_blocks(path, read_header(path), pytest.fail))

    assert len(blocks) > 20
    assert np.concatenate([block.lines for block in blocks]).tolist() == list(range(2, 202))
    assert blocks[-1].end_byte == path.stat().st_size
    assert np.array_equal(whole.landmarks, parts.landmarks)
    assert whole.file_names == parts.file_names


def test_windows_line_ends_and_a_byte_order_mark_are_no_hindrance(tmp_path: Path) -> None:
    plain = _write(tmp_path / "a.csv", _numbered(5))
    other = tmp_path / "b.csv"
    other.write_bytes(b"\xef\xbb\xbf" + plain.read_bytes().replace(b"\n", b"\r\n"))

    first, second = (read_contest_table(path, tmp_path) for path in (plain, other))

    assert first.file_names == second.file_names
    assert np.array_equal(first.landmarks, second.landmarks)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (["a.jpg", "1", "2", "x", "4"], r"line 5, column 4 \(Point_M1_X\) is 'x'"),
        (["a.jpg", "1", "2", "", "4"], r"line 5, column 4 \(Point_M1_X\) is ''"),
        (["a.jpg", "1", "2", "3", "nan"], r"line 5, column 5 \(Point_M1_Y\) is 'nan'"),
        (["a.jpg", "1", "inf", "3", "4"], r"line 5, column 3 .* expected a finite number"),
        (["a.jpg", "1e60", "2", "3", "4"], "line 5, column 2"),
        (["a.jpg", "1_0", "2", "3", "4"], "line 5, column 2"),
        (["", "1", "2", "3", "4"], r"line 5, column 1 \(file_name\) is ''"),
        (["a.jpg", "1", "2", "3"], "line 5 holds 4 columns; expected 5"),
        (["a.jpg", "1", "2", "3", "4", "5"], "line 5 holds 6 columns; expected 5"),
        ([""], "line 5 is empty; expected 5"),
    ],
)
def test_a_broken_row_is_named(tmp_path: Path, row: list[str], said: str) -> None:
    rows = _numbered(6)
    rows[3] = row

    with pytest.raises(InvalidInputError, match=said):
        read_contest_table(_write(tmp_path / "a.csv", rows), tmp_path / "cache")

    assert not list((tmp_path / "cache").glob("contest-*-*"))


def test_a_name_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", _numbered(3))
    path.write_bytes(path.read_bytes().replace(b"1.jpg", b"\xff.jpg"))

    with pytest.raises(InvalidInputError, match=r"line 3, column 1 .* expected a name in UTF-8"):
        read_contest_table(path, tmp_path)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (["file_name"], "1 tab-separated columns"),
        (["file_name", "x", "y", "x"], "odd number of coordinates"),
        (["0.jpg", "12", "13"], "numbers where the names"),
    ],
)
def test_a_file_without_a_contests_header_is_refused(
    tmp_path: Path, header: list[str], said: str
) -> None:
    with pytest.raises(InvalidInputError, match=said):
        read_contest_table(_write(tmp_path / "a.csv", [], header), tmp_path)


def test_missing_and_empty_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"no\.csv cannot be read"):
        read_contest_table(tmp_path / "no.csv", tmp_path)
    with pytest.raises(InvalidInputError, match="a header and no rows"):
        read_contest_table(_write(tmp_path / "a.csv", []), tmp_path)


@given(cell=st.text(st.sampled_from("0123456789+-.e_ naifx"), max_size=6))
@settings(max_examples=300, deadline=None)
def test_both_parsers_agree_on_every_cell(cell: str) -> None:
    """Whatever Arrow takes for a number is the number that the careful parser reads."""
    header = contest_rows.Header(("file_name", "x", "y"), None)
    chunk = f"a.jpg\t{cell}\t2\n".encode()

    quick = contest_rows._parse_quickly(chunk, 1, header, 2)
    broken: list[contest_rows.BrokenCell] = []
    careful = contest_rows._parse_carefully(chunk, header, 2, broken.append)

    if quick is not None:
        assert not broken
        assert np.array_equal(quick.landmarks, careful.landmarks)


def _cached(cache: Path) -> dict[str, int]:
    return {str(path): path.stat().st_ino for path in cache.glob("contest-*-*/*")}


def test_the_second_reading_parses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _write(tmp_path / "a.csv", _numbered(5))
    first = read_contest_table(path, tmp_path / "cache")
    written = _cached(tmp_path / "cache")
    monkeypatch.setattr(contest_table, "_write", pytest.fail)

    second = read_contest_table(path, tmp_path / "cache")

    assert np.array_equal(first.landmarks, second.landmarks)
    assert _cached(tmp_path / "cache") == written


@pytest.mark.parametrize("keeps_time", [True, False])
def test_a_changed_file_is_read_again_and_its_old_cache_deleted(
    tmp_path: Path, keeps_time: bool
) -> None:
    """Even where size and time are as before: the file's beginning and end are compared."""
    path = _write(tmp_path / "a.csv", _numbered(5))
    status = path.stat()
    old = read_contest_table(path, tmp_path / "cache")
    rows = _numbered(5)
    rows[0][1] = "7"
    _write(path, rows)
    if keeps_time:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    new = read_contest_table(path, tmp_path / "cache")

    assert new.landmarks[0, 0, 0] == 7
    assert old.landmarks[0, 0, 0] == 0  # whoever had it mapped keeps it
    assert len(list((tmp_path / "cache").glob("contest-*-*"))) == 1


def test_a_damaged_cache_is_made_anew(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", _numbered(5))
    wanted = np.array(read_contest_table(path, tmp_path / "cache").landmarks)
    (numbers,) = (tmp_path / "cache").glob("contest-*-*/landmarks.f32")
    os.truncate(numbers, 10)

    assert np.array_equal(read_contest_table(path, tmp_path / "cache").landmarks, wanted)


def test_several_at_once_make_one_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _write(tmp_path / "a.csv", _numbered(50))
    made = []
    write = contest_table._write
    monkeypatch.setattr(contest_table, "_write", lambda *args: (made.append(1), write(*args)))
    tables: list[contest_table.ContestTable] = []

    def read() -> None:
        tables.append(read_contest_table(path, tmp_path / "cache"))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 1
    assert [len(table) for table in tables] == [50] * 4


def test_a_disk_without_room_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    """A limit on file sizes stands in for a full disk: writing fails in the middle."""
    path = _write(tmp_path / "a.csv", _numbered(3000))
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from kilomark.contest.table import read_contest_table\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "read_contest_table(Path(sys.argv[1]), Path(sys.argv[2]))\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", script, str(path), str(tmp_path / "cache")],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip

    assert finished.returncode == 1
    last_line = finished.stderr.strip().splitlines()[-1]
    assert "InvalidInputError: the cache of" in last_line
    assert "--cache" in last_line
    assert not list((tmp_path / "cache").glob("contest-*-*"))


def test_a_table_travels_to_a_worker_as_a_path(tmp_path: Path) -> None:
    table = read_contest_table(_write(tmp_path / "a.csv", _numbered(2000)), tmp_path)

    sent = pickle.dumps(table)

    assert len(sent) < 1000
    assert np.array_equal(pickle.loads(sent).landmarks, table.landmarks)
