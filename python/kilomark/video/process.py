"""A whole video: faces followed, marked in its pictures, and written as rows."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kilomark.drawing import draw
from kilomark.drawing.styles import parse_style
from kilomark.errors import InvalidInputError
from kilomark.folder.progress import describe_duration
from kilomark.sinks import SINK_SUFFIXES, make_rows, open_sink
from kilomark.tracker import Tracker
from kilomark.video.measure_columns import MeasureSet, MeasuresOverTime, measure_columns
from kilomark.video.parts import FacesOfFrame, Part, PartsFolder
from kilomark.video.resuming import IdBridge
from kilomark.video.writer import PartWriter, check_output_suffix, join_parts

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Sequence

    from kilomark.detector import Detector
    from kilomark.drawing.layers import Layer
    from kilomark.drawing.styles import Style
    from kilomark.video.frames import VideoFrame, VideoSource

__all__ = ["ROW_COLUMNS", "VideoProgress", "VideoSummary", "process_video"]

log = logging.getLogger(__name__)

PART_SECONDS = 10.0
"""A stopped run does at most this much of the video again."""

WARM_UP_SECONDS = 1.0
"""Before the place where a run goes on; the tracker sees it again, to know its faces."""

VIDEO_STYLE = "contours+ids"

ROW_COLUMNS = {
    "frame": int,
    "time_seconds": float,
    "id": int,
    "age": int,
    "velocity_x": float,
    "velocity_y": float,
}
"""The columns of a video's rows beside those of all sinks and those of `measure_columns`."""


@dataclass(frozen=True, slots=True)
class VideoProgress:
    """How far a video is."""

    frames: int
    """Frames done, those of a stopped run included."""
    time_seconds: float
    """Of the source, of the last frame done."""
    share: float | None
    """0 to 1; None if the source's length is not known."""
    frames_per_second: float
    """Of this run."""
    remaining_seconds: float | None
    """Until the end, of this machine's time."""

    def describe(self) -> str:
        """Say the progress in a line."""
        share = "" if self.share is None else f" ({100 * self.share:.0f} %)"
        left = self.remaining_seconds
        remains = "" if left is None else f", {describe_duration(left)} left"
        return (
            f"{self.frames:,} frames, {describe_duration(self.time_seconds)} of video{share}, "
            f"{self.frames_per_second:.1f} frames/s{remains}"
        )


@dataclass(frozen=True, slots=True)
class VideoSummary:
    """What became of a video."""

    frames: int
    faces: int
    """Rows with a face."""
    ids: int
    """Different faces."""
    resumed_frames: int
    """Of a stopped run, which were not done again."""


@dataclass(frozen=True, slots=True)
class _Span:
    start: float
    end: float | None
    every: int


def process_video(
    source: VideoSource,
    detector: Detector,
    *,
    output: str | os.PathLike[str] | None = None,
    landmarks: str | os.PathLike[str] | None = None,
    start_seconds: float = 0.0,
    end_seconds: float | None = None,
    every: int = 1,
    sound: bool = True,
    tracker_options: dict[str, Any] | None = None,
    style: Style = VIDEO_STYLE,
    measures: MeasureSet = "basic",
    report: Callable[[VideoProgress], None] | None = None,
) -> VideoSummary:
    """Follow the faces of a video; write its pictures with them, their landmarks, or both.

    Finished parts lie in a hidden folder beside the output, so a run that was stopped in any way
    goes on where it stopped when it is called again with the same arguments. The outputs appear
    under their names when they are whole.

    Args:
        source: from `open_source`. A live source ends with `KeyboardInterrupt`, at
            ``end_seconds``, or when it gives no more frames.
        detector: finds the faces.
        output: the video to write: .mp4, .mov, .mkv or .webm. The sound is kept.
        landmarks: the table to write: .parquet, .jsonl or .csv, one row for each face of each
            frame, see `ROW_COLUMNS` and `kilomark.sinks`.
        start_seconds: skip what is before this time.
        end_seconds: leave out what is at this time and later.
        every: take only every n-th frame. The frames keep their times.
        sound: whether ``output`` gets the source's sound. Live sources have none.
        tracker_options: of `Tracker`.
        style: of the pictures, see `kilomark.draw`.
        measures: columns of ``landmarks`` about eyes, mouth, brows, gaze and events (``"basic"``),
            the blendshapes too (``"all"``), or neither (``"none"``).
        report: called after each frame.

    Raises:
        InvalidInputError: an argument is wrong, the source cannot be read, or an output cannot be
            written.
    """
    targets = _check_targets(source, output, landmarks)
    layers = parse_style(style)
    measure_columns(measures)  # refuses an unknown set before the work
    span = _check_span(start_seconds, end_seconds, every)
    parts = PartsFolder(
        targets[0],
        {
            "source": source.fingerprint(),
            "span": [span.start, span.end, span.every],
            "pictures": output is not None and targets[0].suffix,
            "tracker": tracker_options or {},
            "style": repr(layers),
            "networks": repr(detector.provenance),
            "views": detector.views,
            "blends": detector.blends,
        },
    )
    if source.is_live and parts.parts:
        parts.remove()
        parts = PartsFolder(targets[0], {"live": time.time()})
    run = _Run(source, detector, span, parts, tracker_options or {}, layers, report)
    run.output_format = check_output_suffix(Path(output)) if output is not None else None
    try:
        run.follow()
    except KeyboardInterrupt:
        if not source.is_live:
            raise
    if not parts.parts:
        parts.remove()
        raise InvalidInputError(
            f"{source.name} has no frames from {span.start:g} s"
            + (f" to {span.end:g} s" if span.end is not None else "")
            + "; choose another start or end"
        )
    if output is not None:
        _write_pictures(source, parts, Path(output), span, sound=sound and not source.is_live)
    if landmarks is not None:
        _write_rows(source, detector, parts, Path(landmarks), measures)
    summary = run.summary()
    parts.remove()
    return summary


def _check_targets(
    source: VideoSource,
    output: str | os.PathLike[str] | None,
    landmarks: str | os.PathLike[str] | None,
) -> list[Path]:
    targets = [Path(path) for path in (output, landmarks) if path is not None]
    if not targets:
        raise InvalidInputError("there is nothing to write; name an output, landmarks, or both")
    if output is not None:
        check_output_suffix(Path(output))
    if landmarks is not None and Path(landmarks).suffix.lower() not in SINK_SUFFIXES:
        raise InvalidInputError(
            f"{landmarks}: no table for this suffix; expected {', '.join(SINK_SUFFIXES)}"
        )
    for target in targets:
        if not target.parent.is_dir():
            raise InvalidInputError(f"{target}: there is no folder {target.parent}; make it first")
        if Path(source.name).exists() and target.exists() and target.samefile(source.name):
            raise InvalidInputError(f"{target} is the source itself; name another output")
    return targets


def _check_span(start: float, end: float | None, every: object) -> _Span:
    if not 0 <= start < float("inf"):
        raise InvalidInputError(f"the start is {start!r}; expected seconds, 0 or more")
    if end is not None and not start < end:
        raise InvalidInputError(f"the end is {end!r}; expected seconds after the start, {start:g}")
    if isinstance(every, bool) or not isinstance(every, int) or every < 1:
        raise InvalidInputError(f"every is {every!r}; expected a whole number, 1 or more")
    return _Span(start, end, every)


class _Run:
    """One run over the frames that are not done yet."""

    output_format: str | None = None

    def __init__(
        self,
        source: VideoSource,
        detector: Detector,
        span: _Span,
        parts: PartsFolder,
        tracker_options: dict[str, Any],
        style: Sequence[Layer],
        report: Callable[[VideoProgress], None] | None,
    ) -> None:
        self._source = source
        self._topology = detector.topology
        self._span = span
        self._parts = parts
        self._style = style
        self._report = report
        self._tracker = Tracker(detector, **tracker_options)
        self._bridge = self._make_bridge()
        self._resumed = sum(part.num_frames for part in parts.parts)
        self._frames = self._resumed
        self._ids: set[int] = set()
        self._begun_at = parts.parts[-1].next_seconds if parts.parts else span.start
        self._begin = time.monotonic()

    def follow(self) -> None:
        """Process the frames that remain, part by part."""
        rows: list[FacesOfFrame] = []
        writer: PartWriter | None = None
        try:
            for frame in self._frames_to_do():
                if rows and frame.time_seconds - rows[0].time_seconds >= PART_SECONDS:
                    self._finish(rows, writer, frame.time_seconds)
                    rows, writer = [], None
                if writer is None and self.output_format is not None:
                    path = self._parts.pictures(len(self._parts.parts))
                    rate = self._source.frames_per_second
                    writer = PartWriter(path, self.output_format, rate and rate / self._span.every)
                rows.append(self._process(frame, writer))
        except KeyboardInterrupt:
            if self._source.is_live:
                self._finish(rows, writer, float("inf"))
            raise
        self._finish(rows, writer, float("inf"))

    def _frames_to_do(self) -> Iterator[VideoFrame]:
        """Yield the frames of the span that no part has; warm the tracker up before them."""
        done = self._parts.parts[-1].next_seconds if self._parts.parts else self._span.start
        if done == float("inf"):
            return
        begin = max(self._span.start, done - WARM_UP_SECONDS) if self._parts.parts else done
        number = 0
        for frame in self._source.frames(begin):
            if self._span.end is not None and frame.time_seconds >= self._span.end:
                return
            if frame.time_seconds < done:
                self._bridge.warm_up(self._tracker, frame)
                continue
            if number % self._span.every == 0:
                yield frame
            number += 1

    def _process(self, frame: VideoFrame, writer: PartWriter | None) -> FacesOfFrame:
        faces = self._bridge.renamed(self._tracker.update(frame.image, frame.time_seconds))
        if writer is not None:
            writer.add(draw(frame.image, faces, style=self._style), frame.time_seconds)
        height, width = frame.image.shape[:2]
        row = FacesOfFrame(self._frames, frame.time_seconds, (width, height), faces)
        self._frames += 1
        if self._report is not None:
            self._report(self._progress(frame.time_seconds))
        return row

    def _finish(
        self, rows: list[FacesOfFrame], writer: PartWriter | None, next_seconds: float
    ) -> None:
        if not rows:
            return
        if writer is not None:
            writer.close()
        number_of_faces = sum(len(row.faces) for row in rows)
        self._parts.finish(
            Part(
                len(self._parts.parts),
                rows[0].time_seconds,
                next_seconds,
                len(rows),
                number_of_faces,
            ),
            rows,
        )

    def _make_bridge(self) -> IdBridge:
        if not self._parts.parts:
            return IdBridge([], 0)
        rows = list(self._parts.rows(self._topology))
        last_id = max((face.id for row in rows for face in row.faces), default=0)
        return IdBridge(rows[-1].faces, last_id)

    def _progress(self, time_seconds: float) -> VideoProgress:
        passed = time.monotonic() - self._begin
        new = self._frames - self._resumed
        end = self._span.end
        if self._source.duration_seconds is not None:
            end = min(end or float("inf"), self._source.duration_seconds)
        share = remaining = None
        if end is not None and end > self._span.start:
            share = min(1.0, (time_seconds - self._span.start) / (end - self._span.start))
            new_share = (time_seconds - self._begun_at) / max(end - self._begun_at, 1e-9)
            if new_share > 0:
                remaining = max(0.0, passed * (1 / new_share - 1))
        return VideoProgress(self._frames, time_seconds, share, new / max(passed, 1e-9), remaining)

    def summary(self) -> VideoSummary:
        """Count what all parts hold."""
        ids = {face.id for row in self._parts.rows(self._topology) for face in row.faces}
        return VideoSummary(
            frames=sum(part.num_frames for part in self._parts.parts),
            faces=sum(part.num_faces for part in self._parts.parts),
            ids=len(ids),
            resumed_frames=self._resumed,
        )


def _write_pictures(
    source: VideoSource, parts: PartsFolder, output: Path, span: _Span, *, sound: bool
) -> None:
    """Join the parts beside the output, and give the file its name when it is whole."""
    whole = parts.folder / f"whole{output.suffix}"
    has_sound = sound and Path(source.name).is_file()
    join_parts(
        [(parts.pictures(part.number), part.first_seconds) for part in parts.parts],
        whole,
        check_output_suffix(output),
        sound_of=source.name if has_sound else None,
        start_seconds=parts.parts[0].first_seconds,
        end_seconds=span.end,
    )
    try:
        whole.replace(output)
    except OSError as error:
        raise InvalidInputError(f"{output} cannot be written: {error.strerror}") from error


def _write_rows(
    source: VideoSource,
    detector: Detector,
    parts: PartsFolder,
    landmarks: Path,
    measures: MeasureSet,
) -> None:
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
