from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from tools.compare_landmarks import main

if TYPE_CHECKING:
    from pathlib import Path


def write(file: Path, *faces: list[list[float]]) -> str:
    photos = [{"faces": [{"landmarks": face} for face in faces]}]
    file.write_text(json.dumps({"photos": photos}))
    return str(file)


@pytest.mark.parametrize(("moved_px", "code"), [(0.04, 0), (0.06, 1)])
def test_the_largest_difference_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moved_px: float, code: int
) -> None:
    one = write(tmp_path / "a.json", [[1.0, 2.0], [3.0, 4.0]])
    other = write(tmp_path / "b.json", [[1.0, 2.0], [3.0, 4.0 + moved_px]])
    monkeypatch.setattr(sys, "argv", ["compare_landmarks.py", one, other])
    assert main() == code


def test_another_number_of_faces_is_a_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = write(tmp_path / "a.json", [[1.0, 2.0]]), write(tmp_path / "b.json")
    monkeypatch.setattr(sys, "argv", ["compare_landmarks.py", one, other])
    assert main() == 1
    assert "[1] and [0]" in capsys.readouterr().err
