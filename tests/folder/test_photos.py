from __future__ import annotations

import functools
import io
import operator
import os
from typing import TYPE_CHECKING

import pytest

from kilomark import InvalidInputError
from kilomark.folder import Shard, find_photos

if TYPE_CHECKING:
    from pathlib import Path

IN_FOLDER = [f"{number:02d}.png" for number in range(8)]
IN_SUBFOLDER = ["sub/08.png", "sub/09.png", "sub/10.png"]


def test_a_folder_is_searched_with_its_subfolders(photos: Path) -> None:
    found = find_photos(photos)
    assert found.names == [*IN_FOLDER, "broken.JPG", *IN_SUBFOLDER]
    assert found.path("sub/08.png") == photos / "sub" / "08.png"


def test_a_pattern_takes_what_it_matches(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(photos)
    assert find_photos("*.png").names == IN_FOLDER
    assert find_photos("**/*.png").names == IN_FOLDER + IN_SUBFOLDER
    assert find_photos(f"{photos}/s*/*").names == [str(photos / name) for name in IN_SUBFOLDER]


def test_a_list_keeps_its_order(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"b.png\n\na.png\r\nb.png\ncaf\xe9.png\n"
    (photos / "list.txt").write_bytes(text)
    expected = ["b.png", "a.png", os.fsdecode(b"caf\xe9.png")]
    assert find_photos(photos / "list.txt").names == expected
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert find_photos("-").names == expected


def test_shards_share_the_photos(photos: Path) -> None:
    shards = [find_photos(photos, Shard(number, 3)).names for number in (1, 2, 3)]
    assert all(shards)
    assert sorted(functools.reduce(operator.iadd, shards, [])) == sorted(find_photos(photos).names)


def test_bad_sources_are_said(photos: Path) -> None:
    with pytest.raises(InvalidInputError, match="neither a folder nor a pattern"):
        find_photos(photos / "gone")
    with pytest.raises(InvalidInputError, match="is a single photo"):
        find_photos(photos / "00.png")
    (photos / "data.bin").write_bytes(b"\0\1")
    with pytest.raises(InvalidInputError, match="is not text"):
        find_photos(photos / "data.bin")
    for text in ("0/3", "4/3", "1", "a/b"):
        with pytest.raises(InvalidInputError, match="expected i/n"):
            Shard.parse(text)
