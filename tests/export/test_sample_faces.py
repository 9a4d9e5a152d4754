from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx")

from typing import TYPE_CHECKING

from kilomark.errors import InvalidInputError
from kilomark.export.sample_faces import demo_samples, read_samples
from kilomark.manifest import read_bundle

if TYPE_CHECKING:
    from pathlib import Path


def test_demo_samples_are_the_same_each_time_and_differ_among_themselves() -> None:
    bundle = read_bundle("lite")
    first, second = demo_samples(bundle, 3), demo_samples(bundle, 3)
    assert first.shape == (3, 3, 128, 128)
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, second)
    assert np.abs(first[0] - first[1]).mean() > 0.1


def test_photos_give_the_faces_in_them(demo_photo: Path) -> None:
    assert len(read_samples(read_bundle("lite"), demo_photo.parent)) == 1
    assert read_samples(read_bundle("faces"), demo_photo.parent).shape[1] == 3


def test_a_folder_without_faces_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no photo")
    (tmp_path / "notes.txt").write_text("no photo")
    with pytest.raises(InvalidInputError, match="no face in"):
        read_samples(read_bundle("lite"), tmp_path)
