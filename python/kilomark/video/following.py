"""One run over the frames of a video: faces followed, pictures marked, parts finished."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from kilomark.drawing import draw
from kilomark.errors import InvalidInputError
from kilomark.tracker import Tracker
from kilomark.video.parts import FacesOfFrame, Part, PartsFolder
from kilomark.video.progress import VideoProgress, VideoSummary
from kilomark.video.resuming import IdBridge
from kilomark.video.writer import PartWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kilomark.detector import Detector
    from kilomark.drawing.layers import Layer
    from kilomark.video.frames import VideoFrame, VideoSource
    from kilomark.video.span import Span

__all__ = ["VideoRun"]

log = logging.getLogger(__name__)

PART_SECONDS = 10.0
"""A stopped run does at most this much of the video again."""

WARM_UP_SECONDS = 1.0
"""Before the place where a run goes on; the tracker sees it again, to know its faces."""


class VideoRun:
    """One run over the frames that are not done yet."""

    output_format: str | None = None

    def __init__(
        self,
        source: VideoSource,
        detector: Detector,
        span: Span,
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
                    writer = PartWriter(
                        path,
                        self.output_format,
                        rate and rate / self._span.every,
                        self._source.pixel_aspect,
                        shown=self._parts.output,
                    )
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
        for frame in self._source_frames(begin):
            if self._span.end is not None and frame.time_seconds >= self._span.end:
                return
            if frame.time_seconds < done:
                self._bridge.warm_up(self._tracker, frame)
                continue
            if number % self._span.every == 0:
                yield frame
            number += 1

    def _source_frames(self, begin_seconds: float) -> Iterator[VideoFrame]:
        """Yield frames of the source. The failure of a live one ends it, and what came is kept."""
        has_frames = False
        try:
            for frame in self._source.frames(begin_seconds):
                has_frames = True
                yield frame
        except InvalidInputError as error:
            if not (self._source.is_live and has_frames):
                raise
            log.warning("the recording ends here: %s", error)

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
        """Count frames, faces and ids of all parts."""
        ids = {face.id for row in self._parts.rows(self._topology) for face in row.faces}
        return VideoSummary(
            frames=sum(part.num_frames for part in self._parts.parts),
            faces=sum(part.num_faces for part in self._parts.parts),
            ids=len(ids),
            resumed_frames=self._resumed,
        )
