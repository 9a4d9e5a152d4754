from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kilomark.finder_choice import choose_finder
from kilomark.manifest import read_landmark_bundle

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("model", "finder"), [("resnext50", "faces-large"), ("lite", "faces")])
def test_auto_suits_the_landmark_network(model: str, finder: str) -> None:
    assert choose_finder("auto", read_landmark_bundle(model)).name == finder


def test_a_named_finder_is_taken_as_it_is(tiny: Path, tiny_faces: Path) -> None:
    assert choose_finder(tiny_faces, read_landmark_bundle(tiny)).folder == tiny_faces
    assert choose_finder("faces", None).name == "faces"
