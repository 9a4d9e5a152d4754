"""Follows the faces of a source and sends them on."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kilomark.send.calibrations import Calibrations
from kilomark.send.targets import SentFrame
from kilomark.video.newest_frame import NewestFrame

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kilomark.send.targets import Target
    from kilomark.tracker import TrackedFace, Tracker
    from kilomark.video.frames import VideoSource
    from kilomark.video.newest_frame import LiveFrame

__all__ = ["SendSummary", "send_faces"]

WAIT_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class SendSummary:
    """What was sent."""

    frames: int
    dropped: int
    """Frames that a newer one replaced while the network was busy."""
    seconds: float


def send_faces(
    open_source: Callable[[], VideoSource],
    tracker: Tracker,
    targets: Sequence[Target],
    *,
    retry: bool | None = None,
    report: Callable[[SentFrame], None] | None = None,
    calibration_seconds: float | None = None,
) -> SendSummary:
    """Send the faces of each newest frame until the source ends.

    Args:
        open_source: opens the source; a live one is opened again when it vanishes.
        tracker: follows the faces.
        targets: where they go. They are closed at the end.
        retry: whether to open the source again at its end; by default live sources are.
        report: called after each frame.
        calibration_seconds: how long each new face is taken to be at rest, for more exact
            blendshapes; None to compare with the average person.

    Raises:
        InvalidInputError: ``calibration_seconds`` is not above 0, the source cannot be opened at
            the start, or a target cannot send what the network gives.
    """
    begin = time.monotonic()
    count, last = 0, -1
    first_at: float | None = None
    try:
        calibrations = None if calibration_seconds is None else Calibrations(calibration_seconds)
        with NewestFrame(open_source, retry=retry) as frames:
            while True:
                frame = frames.take(WAIT_SECONDS)
                if frame is None:
                    if frames.is_ended:
                        break
                    continue
                first_at = frame.read_at if first_at is None else first_at
                faces = tracker.update(frame.image, frame.read_at)
                sent = _sent_frame(frame, faces, frame.read_at - first_at, calibrations)
                for target in targets:
                    target.send(sent)
                count, last = count + 1, frame.number
                if report is not None:
                    report(sent)
    finally:
        for target in targets:
            target.close()
    return SendSummary(count, last + 1 - count, time.monotonic() - begin)


def _sent_frame(
    frame: LiveFrame,
    faces: Sequence[TrackedFace],
    seconds: float,
    calibrations: Calibrations | None,
) -> SentFrame:
    height, width = frame.image.shape[:2]
    neutrals = {} if calibrations is None else calibrations.update(faces, seconds)
    return SentFrame(faces, frame.number, seconds, (width, height), neutrals)
