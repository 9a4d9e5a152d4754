from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kilomark.face_search import FaceSearch

if TYPE_CHECKING:
    import kilomark


@pytest.mark.parametrize(
    ("search", "size", "advice"),
    [
        (FaceSearch(256, 1, 0.5), (4000, 3000), "try finder_size=640 or finder_tiles=4"),
        (FaceSearch(640, 1, 0.5), (3000, 4000), "try finder_tiles=2"),
        (FaceSearch(640, 4, 0.5), (3000, 4000), "and in 4 tiles: try score_threshold=0.25"),
        (FaceSearch(256, 1, 0.5), (300, 200), "try score_threshold=0.25"),
        (FaceSearch(64, 1, 0.3), (65535, 10), "try finder_size=640 or finder_tiles=8"),
    ],
)
def test_advice_names_options_that_help(
    search: FaceSearch, size: tuple[int, int], advice: str
) -> None:
    assert search.advice(*size).endswith(advice)
    assert f"the image is {max(size)} px long" in search.advice(*size)


def test_advice_for_the_command() -> None:
    advice = FaceSearch(256, 1, 0.5).advice(1000, 10, is_command=True)
    assert advice.endswith("try --finder-size 640 or --finder-tiles 2")


def test_detector_logs_an_image_without_faces(
    detector: kilomark.Detector, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="kilomark"):
        assert detector.predict(np.zeros((200, 300, 3), np.uint8)) == []
    assert "image 0: 0 faces; the image is 300 px long and was searched at 300 px" in caplog.text
