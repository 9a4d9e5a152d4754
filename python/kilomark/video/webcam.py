"""The webcam window: a camera's newest frames, their faces, and keys to change things."""

from __future__ import annotations

import datetime as dt
import logging
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PIL import Image

from kilomark.detector import Detector
from kilomark.drawing import parse_style
from kilomark.errors import InvalidInputError
from kilomark.network_choices import landmark_choices
from kilomark.picture_file import write_picture
from kilomark.tracker import TrackedFace, Tracker
from kilomark.video.frame_rate import FrameRate
from kilomark.video.newest_frame import LiveFrame, NewestFrame
from kilomark.video.opening import open_source
from kilomark.video.recording import Recording
from kilomark.video.webcam_picture import Numbers, draw_webcam
from kilomark.video.webcam_state import WebcamState, press

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

__all__ = ["Screen", "run_webcam", "show_webcam"]

log = logging.getLogger(__name__)

WAIT_SECONDS = 0.2
"""For a frame, before the window is refreshed without one."""

EMPTY_PICTURE = (480, 640, 3)


class Screen(Protocol):
    """What shows pictures and has keys, such as `Window`."""

    def show(self, image: npt.NDArray[np.uint8]) -> int:
        """Show a picture; return the key pressed, or -1."""
        ...


def run_webcam(
    source: str | int = 0,
    *,
    model: str = "lite",
    device: str = "auto",
    finder: str = "auto",
    smoothing: float = 1.0,
    mirror: bool = True,
    style: str | None = None,
    folder: Path | None = None,
) -> None:
    """Open a window with the faces of a camera, until the user closes it.

    Args:
        source: a camera's number, or anything else that `open_source` takes.
        model: the bundle to begin with; the key m changes to the other shipped landmark networks.
        device: of the detector.
        finder: the face detector's bundle.
        smoothing: of the tracker.
        style: style at the start, see `kilomark.draw`; the key g changes it.
        mirror: whether the picture is shown as in a mirror.
        folder: where recordings and snapshots go; by default the current one.

    Raises:
        DependencyError: OpenCV is missing or has no windows.
        InvalidInputError: there is no display, or no such camera.
    """
    from kilomark.video.window import Window

    if style is not None:
        parse_style(style)
    window = Window("kilomark: h shows the keys")
    try:
        models = list(landmark_choices(model).values())
        state = WebcamState(models, style=style, smoothing=smoothing, is_mirrored=mirror)
        with NewestFrame(lambda: open_source(source)) as frames:
            show_webcam(
                frames,
                window,
                lambda name: Detector(name, device=device, finder=finder, blend=False),
                state,
                folder or Path(),
            )
    finally:
        window.close()


def show_webcam(
    frames: NewestFrame,
    screen: Screen,
    make_detector: Callable[[str], Detector],
    state: WebcamState,
    folder: Path,
) -> Sequence[Numbers]:
    """Show frames until a key or the end of the source ends it; return the numbers of each."""
    loop = _Loop(make_detector, state, folder)
    try:
        while not loop.state.is_ended:
            frame = frames.take(WAIT_SECONDS)
            if frame is None and frames.is_ended:
                break
            picture = loop.next_picture(frame, frames.trouble)
            if picture is not None:
                loop.shown(screen.show(picture))
    finally:
        loop.close()
    return loop.history


class _Loop:
    def __init__(
        self, make_detector: Callable[[str], Detector], state: WebcamState, folder: Path
    ) -> None:
        self.state = state
        self.history: list[Numbers] = []
        self._make_detector = make_detector
        self._folder = folder
        self._detectors: dict[str, Detector] = {}
        self._tracker = self._make_tracker()
        self._recording: Recording | None = None
        self._rate = FrameRate()
        self._last: tuple[npt.NDArray[np.uint8], list[TrackedFace]] | None = None
        self._frame: LiveFrame | None = None
        self._read = -1
        self._tracker_ms = 0.0
        self.numbers = Numbers(0.0, 0.0, 0.0, 0)

    def next_picture(
        self, frame: LiveFrame | None, trouble: str | None
    ) -> npt.NDArray[np.uint8] | None:
        """Follow the faces into a frame and draw; without a frame, draw the last one again.

        Before the first frame there is a picture only to show the trouble on.
        """
        self._frame = frame
        if frame is not None and not self.state.is_paused:
            begin = time.monotonic()
            self._last = frame.image, self._tracker.update(frame.image, frame.read_at)
            self._tracker_ms = 1e3 * (time.monotonic() - begin)
        if self._last is None and trouble is None:
            return None
        image, faces = self._last or (np.zeros(EMPTY_PICTURE, np.uint8), [])
        picture = draw_webcam(image, faces, self.state, self.numbers, trouble)
        self._save(picture, frame)
        return picture

    def shown(self, key: int) -> None:
        """Take note that the picture is on the screen, and of the key that was pressed."""
        if self._frame is not None:
            now = time.monotonic()
            self._rate.count(now)
            self.numbers = Numbers(
                self._rate.per_second,
                1e3 * (now - self._frame.read_at),
                self._tracker_ms,
                self.numbers.skipped + self._frame.number - self._read - 1,
            )
            self.history.append(self.numbers)
            self._read = self._frame.number
        self._press(key)

    def _press(self, key: int) -> None:
        before, self.state = self.state, press(self.state, key)
        if (before.model, before.smoothing) != (self.state.model, self.state.smoothing):
            self._tracker = self._make_tracker()
        if before.is_recording and not self.state.is_recording:
            self._stop_recording()

    def close(self) -> None:
        """Finish a recording."""
        self._stop_recording()

    def _make_tracker(self) -> Tracker:
        name = self.state.model_name
        if name not in self._detectors:
            self._detectors[name] = self._make_detector(name)
        return Tracker(self._detectors[name], smoothing=self.state.smoothing)

    def _save(self, picture: npt.NDArray[np.uint8], frame: LiveFrame | None) -> None:
        """Write the picture as the state asks; errors are logged and do not end the session."""
        if self.state.takes_snapshot:
            path = self._folder / f"kilomark-{_now()}.png"
            with self._said():
                write_picture(Image.fromarray(picture[..., ::-1]), path)
                log.warning("snapshot: %s", path)
            self.state = replace(self.state, takes_snapshot=False)
        if self.state.is_recording and frame is not None:
            with self._said():
                if self._recording is None:
                    self._recording = Recording(self._folder / f"kilomark-{_now()}.mp4")
                self._recording.add(picture, frame.read_at)

    def _stop_recording(self) -> None:
        recording, self._recording = self._recording, None
        if recording is not None:
            with self._said():
                log.warning("recording: %s", recording.close())

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except (InvalidInputError, OSError) as error:
            log.warning("%s", error)
            self.state = replace(self.state, is_recording=False)
            self._recording = None


def _now() -> str:
    return dt.datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
