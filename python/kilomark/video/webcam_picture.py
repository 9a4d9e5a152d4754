"""The picture of the webcam window: the frame, the faces' contours, and some text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kilomark.drawing import group_colors
from kilomark.video.camera_source import import_cv2
from kilomark.video.webcam_state import HELP, VIEWS, WebcamState

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from kilomark.tracker import TrackedFace

__all__ = ["Numbers", "draw_webcam"]

SUBPIXEL_BITS = 4
LINE_PX = 22
TEXT_COLOR, RIM_COLOR = (255, 255, 255), (30, 20, 15)


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
    picture: npt.NDArray[np.uint8] = frame.copy()
    for face in faces:
        _draw_groups(picture, face, VIEWS[state.view_name])
    if state.is_mirrored:
        picture[:] = picture[:, ::-1].copy()
    for face in faces:
        _draw_id(picture, face, is_mirrored=state.is_mirrored)
    _write(picture, _lines(faces, state, numbers, trouble))
    if state.is_recording:
        import_cv2().circle(picture, (picture.shape[1] - 20, 20), 8, (0, 0, 255), -1)
    return picture


def _draw_groups(picture: npt.NDArray[np.uint8], face: TrackedFace, words: Sequence[str]) -> None:
    cv2 = import_cv2()
    colors = group_colors(face.topology)
    for group in face.topology.groups.values():
        if group.name.rpartition("_")[2] not in words:
            continue
        red, green, blue = colors[group.name]
        points = face.landmarks[group.indices] - 0.5  # OpenCV counts from pixel centers
        fixed = np.round(points * (1 << SUBPIXEL_BITS)).astype(np.int32)[None]
        cv2.polylines(
            picture, fixed, bool(group.closed), (blue, green, red), 1, cv2.LINE_AA, SUBPIXEL_BITS
        )


def _draw_id(picture: npt.NDArray[np.uint8], face: TrackedFace, *, is_mirrored: bool) -> None:
    x0, y0, x1, _ = face.box
    left = picture.shape[1] - x1 if is_mirrored else x0
    _put(picture, f"{face.id}", (int(left), max(int(y0) - 6, 14)))


def _lines(
    faces: Sequence[TrackedFace], state: WebcamState, numbers: Numbers, trouble: str | None
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
    if trouble is not None:
        lines.append(trouble)
    if state.shows_help:
        lines += [f"{key}: {what}" for key, what in HELP.items()]
    return lines


def _write(picture: npt.NDArray[np.uint8], lines: Sequence[str]) -> None:
    for number, line in enumerate(lines):
        _put(picture, line, (10, LINE_PX * (number + 1)))


def _put(picture: npt.NDArray[np.uint8], text: str, at: tuple[int, int]) -> None:
    cv2 = import_cv2()
    for color, width in ((RIM_COLOR, 3), (TEXT_COLOR, 1)):
        cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, color, width, cv2.LINE_AA)
