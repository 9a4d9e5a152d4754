from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

import os
from pathlib import Path

from kilomark.contest.data_set import read_photo
from kilomark.contest.photo_names import photo_path
from kilomark.errors import InvalidInputError


@pytest.mark.parametrize("name", ["0001.jpg", "a/0001.jpg", "..jpg", "grün.jpg"])
def test_names_inside_the_folder(name: str) -> None:
    assert photo_path(Path("images"), name) == Path("images") / name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/passwd",
        "../secret.jpg",
        "a/../../secret.jpg",
        "..",
        "a\0.jpg",
        "\ud800.jpg",
        "//x",
    ],
)
def test_names_that_lead_elsewhere(name: str) -> None:
    with pytest.raises(InvalidInputError, match="leads out of images or is not a file name"):
        photo_path(Path("images"), name)


def test_pipe_as_a_photo_ends_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "photo.jpg")
    with pytest.raises(InvalidInputError, match="it is a pipe"):
        read_photo(tmp_path / "photo.jpg")
