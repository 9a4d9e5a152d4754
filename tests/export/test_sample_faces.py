from __future__ import annotations

import pytest

pytest.importorskip("onnx", reason="needs the test extra: pip install '.[test]'")

from typing import TYPE_CHECKING

from kilomark.errors import InvalidInputError
from kilomark.export.sample_faces import read_calibration_samples, read_samples
from kilomark.manifest import read_bundle

if TYPE_CHECKING:
    from pathlib import Path


def test_photos_give_the_faces_in_them(demo_photo: Path) -> None:
    assert len(read_samples(read_bundle("lite"), demo_photo.parent)) == 1
    assert read_samples(read_bundle("faces"), demo_photo.parent).shape[1] == 3


def test_a_folder_without_faces_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no photo")
    (tmp_path / "notes.txt").write_text("no photo")
    with pytest.raises(InvalidInputError, match="no face in"):
        read_samples(read_bundle("lite"), tmp_path)


def test_too_few_faces_to_calibrate_on_are_refused(demo_photo: Path) -> None:
    with pytest.raises(InvalidInputError, match="has 1 faces; expected at least 20"):
        read_calibration_samples(read_bundle("lite"), demo_photo.parent)
