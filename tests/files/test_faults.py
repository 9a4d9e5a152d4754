from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kilomark.whole_files import open_whole

if TYPE_CHECKING:
    from pathlib import Path


def test_writers_survive_kills_and_a_full_disk(root: Path) -> None:
    command = [sys.executable, str(root / "tools/inject_faults.py"), "--kills", "2"]
    done = subprocess.run(
        [*command, "--writers", "picture", "lines"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("2 kills: 0 damaged") == 2


def test_folder_that_vanishes_while_a_file_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(FileNotFoundError), open_whole(folder / "file") as file:  # noqa: PT012
        file.write(b"x")
        shutil.rmtree(folder)
    assert not folder.exists()
