"""The picture of the webcam window: the frame, the faces' contours, and some text."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np

from kilomark.drawing import Canvas, draw
from kilomark.video.webcam_state import HELP, WebcamState

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from kilomark.drawing import Color
    from kilomark.tracker import TrackedFace

__all__ = ["Numbers", "draw_webcam"]

TEXT_COLOR: Color = (255, 255, 255)
RIM_COLOR: Color = (15, 23, 42)
RECORDING_COLOR: Color = (239, 68, 68)


@dataclass(frozen=True, slots=True)
class Numbers:
    """How the webcam does."""

    frames_per_second: float
    """That are shown."""
    latency_ms: float
    """From the moment a frame was read to that in which it is shown."""
    tracker_ms: float
    """That the tracker took."""
    skipped: int
    """Frames that were dropped, since a newer one was there."""


def draw_webcam(
    frame: npt.NDArray[np.uint8],
    faces: Sequence[TrackedFace],
    state: WebcamState,
    numbers: Numbers,
    trouble: str | None,
) -> npt.NDArray[np.uint8]:
    """Return a new picture (H, W, 3) BGR; mirrored if the state says so, its text never."""
    picture = draw(frame, faces, style=state.view_style, mirror=state.is_mirrored)
    canvas = Canvas(picture)
    font_px = max(13.0, picture.shape[0] / 34)
    columns = max(20, int(picture.shape[1] / (0.55 * font_px)))
    lines = _lines(faces, state, numbers, wrap(trouble or "", columns))
    canvas.write(lines, (8, 8), font_px=font_px, color=TEXT_COLOR, background=RIM_COLOR)
    if state.is_recording:
        dot = np.array([[picture.shape[1] - 20, 20]], np.float32)
        canvas.add("dots", dot, RECORDING_COLOR, width_px=16)
        canvas.flush()
    return picture


def _lines(
    faces: Sequence[TrackedFace], state: WebcamState, numbers: Numbers, trouble: Sequence[str]
) -> list[str]:
    count = f"{len(faces)} face" + ("" if len(faces) == 1 else "s")
    lines = [
        (
            f"{numbers.frames_per_second:.0f} frames/s   latency {numbers.latency_ms:.0f} ms   "
            f"tracker {numbers.tracker_ms:.1f} ms   {count}"
        ),
        f"{state.model_name}   {state.view_name}   smoothing {state.smoothing:g}   h: help",
    ]
    if state.is_paused:
        lines.append("paused; space goes on")
    lines += trouble
    if state.shows_help:
        lines += [f"{key}: {what}" for key, what in HELP.items()]
    return lines
