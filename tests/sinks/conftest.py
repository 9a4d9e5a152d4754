from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.tiny_bundles import bright_cells

from kilomark.errors import InvalidInputError
from kilomark.sinks import FaceRow, make_rows

if TYPE_CHECKING:
    import kilomark


@pytest.fixture(scope="session")
def rows(detector: kilomark.Detector) -> list[FaceRow]:
    """Two faces of one image, an image without faces, and an image that could not be read."""
    faces = detector.predict(bright_cells((1, 1), (5, 5)))
    assert len(faces) == 2
    return [
        *make_rows(
            "two.png",
            faces,
            size=(64, 64),
            extra={"frame": 7},
            extra_per_face=[{"track": "a"}, {"track": "b"}],
        ),
        *make_rows("dark.png", [], size=(64, 32), extra={"frame": 8}),
        *make_rows("gone.png", InvalidInputError("there is no gone.png")),
    ]
