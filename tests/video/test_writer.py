"""Marked videos are shown as their sources are."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.video.clips import av

from kilomark.video import open_source
from kilomark.video.writer import PartWriter, join_parts

if TYPE_CHECKING:
    from pathlib import Path

RED = (40, 40, 220)


def write_red(path: Path, pixel_aspect: Fraction = Fraction(1)) -> Path:
    part = path.with_name("part.mp4")
    writer = PartWriter(part, "mp4", 25.0, pixel_aspect)
    for n in range(3):
        writer.add(np.full((72, 96, 3), RED, np.uint8), n / 25)
    writer.close()
    join_parts([(part, 0.0)], path, "mp4")
    return path


def test_colors_stay_and_players_are_told_which_they_are(tmp_path: Path) -> None:
    path = write_red(tmp_path / "red.mp4")
    with open_source(path) as source:
        color = next(source.frames()).image.reshape(-1, 3).mean(axis=0)
    assert color == pytest.approx(RED, abs=5)
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    assert (frame.colorspace, frame.color_primaries, frame.color_trc) == (1, 1, 1)


def test_pixels_keep_their_aspect(tmp_path: Path) -> None:
    with open_source(write_red(tmp_path / "wide.mp4", Fraction(4, 3))) as source:
        assert source.pixel_aspect == Fraction(4, 3)
        assert next(source.frames()).image.shape == (72, 96, 3)
