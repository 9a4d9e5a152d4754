from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.tiny_bundles import write_landmark_bundle

from kilomark.finder_choice import choose_finder
from kilomark.manifest import read_landmark_bundle
from kilomark.network_loading import choose_rescorer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("model", "finder"), [("resnext50", "faces-large"), ("lite", "faces")])
def test_auto_suits_the_landmark_network(model: str, finder: str) -> None:
    assert choose_finder("auto", read_landmark_bundle(model)).name == finder


@pytest.mark.parametrize(("model", "rescorer"), [("resnext50", "wild"), ("lite", "lite")])
def test_auto_rescores_by_the_network_that_suits(model: str, rescorer: str) -> None:
    chosen = choose_rescorer("auto", read_landmark_bundle(model))
    assert chosen is not None
    assert chosen.name == rescorer


def test_the_manifest_names_finder_and_rescorer(tmp_path: Path) -> None:
    named = read_landmark_bundle(
        write_landmark_bundle(tmp_path / "named", finder="faces-large", rescorer="wild")
    )
    assert choose_finder("auto", named).name == "faces-large"
    rescorer = choose_rescorer("auto", named)
    assert rescorer is not None
    assert rescorer.name == "wild"
    old = read_landmark_bundle(write_landmark_bundle(tmp_path / "old", name="resnext50"))
    assert (old.finder, old.rescorer) == ("faces", "lite")


def test_a_named_finder_is_taken_as_it_is(tiny: Path, tiny_faces: Path) -> None:
    assert choose_finder(tiny_faces, read_landmark_bundle(tiny)).folder == tiny_faces
    assert choose_finder("faces", None).name == "faces"
