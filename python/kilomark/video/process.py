"""A whole video: faces followed, marked in its pictures, and written as rows."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kilomark.drawing.styles import parse_style
from kilomark.errors import InvalidInputError
from kilomark.sinks import SINK_SUFFIXES
from kilomark.video.face_table import write_rows
from kilomark.video.following import VideoRun
from kilomark.video.measure_columns import MeasureSet, measure_columns
from kilomark.video.parts import PartsFolder
from kilomark.video.span import Span, check_span
from kilomark.video.writer import check_output_suffix, join_parts

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from kilomark.detector import Detector
    from kilomark.drawing.styles import Style
    from kilomark.video.frames import VideoSource
    from kilomark.video.progress import VideoProgress, VideoSummary

__all__ = ["process_video"]

VIDEO_STYLE = "contours+ids"
"""The usual style of marked pictures; see `kilomark.draw`."""


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
            frame, see `kilomark.video.ROW_COLUMNS` and `kilomark.sinks`.
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
    span = check_span(start_seconds, end_seconds, every)
    settings = {
        "source": source.fingerprint(),
        "span": [span.start, span.end, span.every],
        "pictures": output is not None and targets[0].suffix,
        "tracker": tracker_options or {},
        "style": repr(layers),
        "networks": repr(detector.provenance),
        "views": detector.views,
        "blends": detector.blends,
    }
    with closing(PartsFolder(targets[0], settings)) as parts:
        if source.is_live:
            parts.clear()
        run = VideoRun(source, detector, span, parts, tracker_options or {}, layers, report)
        run.output_format = check_output_suffix(Path(output)) if output is not None else None
        _follow(run, source)
        if not parts.parts:
            parts.remove()
            raise InvalidInputError(_no_frames(source, span))
        if output is not None:
            _write_pictures(source, parts, Path(output), span, sound=sound and not source.is_live)
        if landmarks is not None:
            write_rows(source, detector, parts, Path(landmarks), measures)
        summary = run.summary()
        parts.remove()
    return summary


def _follow(run: VideoRun, source: VideoSource) -> None:
    """Follow the video to its end; Ctrl-C is the end of a live source."""
    try:
        run.follow()
    except KeyboardInterrupt:
        if not source.is_live:
            raise


def _no_frames(source: VideoSource, span: Span) -> str:
    if span.start == 0 and span.end is None:
        return f"{source.name} has no frames that can be read; make another format of it"
    end = f" to {span.end:g} s" if span.end is not None else ""
    return f"{source.name} has no frames from {span.start:g} s{end}; choose another start or end"


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


def _write_pictures(
    source: VideoSource, parts: PartsFolder, output: Path, span: Span, *, sound: bool
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
        shown=output,
    )
    try:
        whole.replace(output)
    except OSError as error:
        raise InvalidInputError(f"{output} cannot be written: {error.strerror}") from error
