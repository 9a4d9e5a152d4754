"""Names of the columns of a contest's tables."""

from __future__ import annotations

__all__ = ["PERSON_COLUMN", "landmark_columns"]

PERSON_COLUMN = "person"


def landmark_columns(num_landmarks: int) -> list[str]:
    """Names of the 2K columns of coordinates: x0, y0, x1, y1, ..."""
    return [f"Point_M{index}_{axis}" for index in range(num_landmarks) for axis in "XY"]
