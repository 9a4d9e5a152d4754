from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

from typing import TYPE_CHECKING

import numpy as np
from tools.labeling.data_set import DataSetWriter
from tools.labeling.views import Label

from kilomark.contest.data_set import read_contest

if TYPE_CHECKING:
    from pathlib import Path


def test_labeled_photos_are_read_as_a_contest(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    landmarks = rng.uniform(-2, 90, (3, 971, 2))
    writer = DataSetWriter(tmp_path / "mine", 971, with_persons=True)
    for row in range(3):
        image = np.full((80 + row, 90, 3), 50 * row, np.uint8)
        writer.add(
            f"{row}.png", f"person {row}", image, landmarks[row], Label(landmarks[row], 0, 4)
        )
    writer.close()

    contest = read_contest(tmp_path / "mine", tmp_path / "cache")

    assert contest.table.file_names == ("000000.jpg", "000001.jpg", "000002.jpg")
    assert contest.table.persons == ("person 0", "person 1", "person 2")
    assert np.abs(contest.table.landmarks - landmarks).max() < 0.0051
    assert contest.image(2).shape == (82, 90, 3)
