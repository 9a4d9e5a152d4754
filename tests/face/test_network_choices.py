from __future__ import annotations

from typing import TYPE_CHECKING

import kilomark
from kilomark.manifest import LandmarkBundle, read_bundle
from kilomark.network_choices import landmark_choices

if TYPE_CHECKING:
    from pathlib import Path


def test_all_shipped_landmark_networks_are_offered_and_no_others() -> None:
    shipped = [name for name in kilomark.shipped_bundles() if _places_landmarks(name)]
    assert "wild" in shipped
    assert sorted(landmark_choices("lite")) == sorted(shipped)


def test_the_network_in_use_comes_first() -> None:
    assert next(iter(landmark_choices("resnext50"))) == "resnext50"


def test_a_folder_is_named_by_its_last_part(tmp_path: Path) -> None:
    own = str(tmp_path / "own")
    choices = landmark_choices(own)
    assert next(iter(choices.items())) == ("own", own)
    assert choices["lite"] == "lite"


def _places_landmarks(name: str) -> bool:
    bundle = read_bundle(name)
    return isinstance(bundle, LandmarkBundle) and not bundle.of_eye
