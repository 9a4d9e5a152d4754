"""The table of a video: one row for each face of each frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kilomark.sinks import make_rows, open_sink
from kilomark.video.measure_columns import MeasureSet, MeasuresOverTime, measure_columns

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark.detector import Detector
    from kilomark.video.frames import VideoSource
    from kilomark.video.parts import PartsFolder

__all__ = ["ROW_COLUMNS", "write_rows"]

ROW_COLUMNS = {
    "frame": int,
    "time_seconds": float,
    "id": int,
    "age": int,
    "velocity_x": float,
    "velocity_y": float,
}
"""The columns of a video's rows beside those of all sinks and those of `measure_columns`."""


def write_rows(
    source: VideoSource,
    detector: Detector,
    parts: PartsFolder,
    landmarks: Path,
    measures: MeasureSet,
) -> None:
    """Write the faces of all parts.

    Raises:
        InvalidInputError: the table cannot be written.
    """
    columns = ROW_COLUMNS | measure_columns(measures)
    over_time = MeasuresOverTime(measures)
    with open_sink(landmarks, detector.topology, detector.provenance, extra=columns) as sink:
        for row in parts.rows(detector.topology):
            sink.write(
                make_rows(
                    source.name,
                    row.faces,
                    size=row.size,
                    extra={"frame": row.frame, "time_seconds": row.time_seconds},
                    extra_per_face=[
                        {
                            "id": face.id,
                            "age": face.age,
                            "velocity_x": float(face.velocity[0]),
                            "velocity_y": float(face.velocity[1]),
                            **over_time.values_of(face, row.time_seconds),
                        }
                        for face in row.faces
                    ],
                )
            )
