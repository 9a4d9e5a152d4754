from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.full_disk import files_of_at_most

from kilomark.whole_files import open_whole, unfinished_files, write_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_new_file_and_replaced_file(tmp_path: Path) -> None:
    write_whole(tmp_path / "a.json", "grün\n")
    assert (tmp_path / "a.json").read_bytes() == "grün\n".encode()
    write_whole(str(tmp_path / "a.json"), b"two")
    assert (tmp_path / "a.json").read_bytes() == b"two"
    assert names(tmp_path) == ["a.json"]


def test_mode_is_kept_and_a_new_file_has_that_of_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        write_whole(tmp_path / "new", b"")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    (tmp_path / "new").chmod(0o604)
    write_whole(tmp_path / "new", b"x")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o604


def test_symbolic_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"old")
    (tmp_path / "link").symlink_to("target")
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"


def test_link_that_points_nowhere_makes_its_target(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "target").read_bytes() == b"new"


@pytest.mark.parametrize("old", [None, b"old"])
def test_full_disk_leaves_the_old_file(tmp_path: Path, old: bytes | None) -> None:
    path = tmp_path / "report.json"
    if old is not None:
        path.write_bytes(old)
    with files_of_at_most(1000), pytest.raises(OSError, match="too large"):
        write_whole(path, bytes(5000))
    assert names(tmp_path) == ([] if old is None else ["report.json"])
    assert old is None or path.read_bytes() == old


def test_error_in_the_block_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), open_whole(path) as file:  # noqa: PT012
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["table.csv"]


def test_longest_name(tmp_path: Path) -> None:
    path = tmp_path / ("ü" * 127)  # 254 bytes; the temporary name is cut inside a letter
    write_whole(path, b"x")
    assert path.read_bytes() == b"x"


def test_missing_folder_folder_and_read_only_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "gone" / "a", b"x")
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path, b"x")
    (tmp_path / "fixed").write_bytes(b"old")
    (tmp_path / "fixed").chmod(0o444)
    if os.geteuid() == 0:  # root may write everything
        write_whole(tmp_path / "fixed", b"new")
        return
    with pytest.raises(PermissionError):
        write_whole(tmp_path / "fixed", b"new")
    assert (tmp_path / "fixed").read_bytes() == b"old"


def test_pipe_and_device_are_written_to_directly(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, b"through")
    reader.join(60)
    assert read == [b"through"]
    assert names(tmp_path) == ["pipe"]
    with pytest.raises(OSError, match="No space left"):
        write_whole("/dev/full", b"x")
    assert Path("/dev/full").is_char_device()


WRITER = """
import itertools, sys
from kilomark.whole_files import write_whole
print("started", flush=True)
for number in itertools.count():
    write_whole(sys.argv[1], bytes([number % 256]) * 300_000)
"""


def test_a_killed_writer_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    for delay_s in (0.02, 0.05, 0.11):
        path.write_bytes(b"\xff" * 300_000)
        process = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE)
        assert process.stdout is not None
        with process:
            process.stdout.readline()
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(delay_s)
            process.kill()
        content = path.read_bytes()
        assert len(content) == 300_000
        assert len(set(content)) == 1
        for unfinished in unfinished_files(path):
            unfinished.unlink()
    assert names(tmp_path) == ["picture.png"]
