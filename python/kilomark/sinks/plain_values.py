"""Rows as plain Python values, for formats of text."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from kilomark.provenance import Provenance
    from kilomark.sinks.rows import FaceRow

__all__ = ["DECIMALS", "to_plain_values"]

DECIMALS = 3
"""Of pixels, degrees and scores; more carry no information and double the file."""


def to_plain_values(
    row: FaceRow, extra: Mapping[str, type], provenance: Provenance | None
) -> dict[str, Any]:
    """Convert a row to the columns of `kilomark.sinks.sink.COLUMNS`, rounded to 0.001."""
    face = row.face
    pose = None if face is None else face.pose
    return {
        "path": row.path,
        "width": row.width,
        "height": row.height,
        "face_index": row.face_index,
        "error": row.error,
        **{name: row.extra.get(name) for name in extra},
        "box": None if face is None else _rounded(face.box),
        "score": None if face is None else round(face.score, DECIMALS),
        "presence": None if face is None else round(face.presence, DECIMALS),
        "yaw_deg": None if pose is None else round(pose.yaw_deg, DECIMALS),
        "pitch_deg": None if pose is None else round(pose.pitch_deg, DECIMALS),
        "roll_deg": None if pose is None else round(pose.roll_deg, DECIMALS),
        "landmarks": None if face is None else _rounded(face.landmarks),
        "spread": None if face is None else _rounded(face.spread),
        **({} if provenance is None else asdict(provenance)),
    }


def _rounded(values: npt.NDArray[np.float32]) -> list[Any]:
    """Nested lists of Python floats; float64 first, so that no digit of float32 noise is left."""
    rounded: list[Any] = np.round(values.astype(np.float64), DECIMALS).tolist()
    return rounded
