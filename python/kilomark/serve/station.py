"""A source of the page: a thread follows the faces in its newest frames while somebody watches."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kilomark.errors import KilomarkError
from kilomark.serve.messages import encode_picture
from kilomark.serve.networks import Networks, TrackerSettings, describe_groups
from kilomark.serve.pictures import encode_jpeg
from kilomark.video.frame_rate import FrameRate
from kilomark.video.newest_frame import LiveFrame, NewestFrame

if TYPE_CHECKING:
    from collections.abc import Callable

    from kilomark.serve.page_sources import PageSource
    from kilomark.tracker import Tracker

__all__ = ["PictureFormat", "Station", "StationState"]

log = logging.getLogger(__name__)

WAIT_SECONDS = 0.2
RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """How frames are sent."""

    longest_px: int
    quality: int


@dataclass(frozen=True, slots=True)
class StationState:
    """What the page shows of a source beside its pictures."""

    settings: TrackerSettings
    trouble: str | None = None
    """Why there are no pictures at the moment."""
    is_loading: bool = False
    """Whether a network is being loaded."""
    is_ended: bool = False
    """Whether no picture will come any more."""
    groups: tuple[dict[str, Any], ...] = ()
    """Landmark groups of the network in use."""


class Station:
    """Follows one source and hands out a message for each picture.

    All who watch see the same network and smoothing: one tracker serves them all. Without anybody
    who watches, frames are read and dropped, and no network runs.

    Args:
        number: of the source, from 0.
        source: what to show.
        networks: where trackers come from.
        settings: to begin with.
        picture: how frames are sent.
        on_message: called from the station's thread with each message.
        on_state: called from the station's thread after each change of the state.
    """

    def __init__(
        self,
        number: int,
        source: PageSource,
        networks: Networks,
        settings: TrackerSettings,
        picture: PictureFormat,
        on_message: Callable[[bytes], None],
        on_state: Callable[[StationState], None],
    ) -> None:
        self.source = source
        self._number = number
        self._networks = networks
        self._picture = picture
        self._on_message, self._on_state = on_message, on_state
        self._wanted = settings
        self._state = StationState(settings)
        self._tracker: Tracker | None = None
        self._rate = FrameRate()
        self._watched = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="page source", daemon=True)

    @property
    def state(self) -> StationState:
        """The state at the moment."""
        return self._state

    def start(self) -> None:
        """Begin to read the source."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end; `join` waits for it."""
        self._stopping.set()
        self._watched.set()

    def join(self, timeout_seconds: float) -> bool:
        """Wait for the thread; return whether it has ended."""
        if self._thread.ident is not None:  # it was started
            self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def watch(self, is_watched: bool) -> None:
        """Say whether anybody watches."""
        if is_watched:
            self._watched.set()
        else:
            self._watched.clear()

    def change(self, model: str | None = None, smoothing: float | None = None) -> None:
        """Follow the faces with another network or smoothing from the next frame on."""
        wanted = self._wanted
        self._wanted = TrackerSettings(
            wanted.model if model is None else model,
            wanted.smoothing if smoothing is None else smoothing,
        )

    def _run(self) -> None:
        while not self._stopping.is_set() and not self._state.is_ended:
            try:
                retry = self.source.loop or not self.source.is_file
                with NewestFrame(self.source.open, retry=retry) as frames:
                    self._follow(frames)
            except KilomarkError as error:
                self._report(str(error))
            except Exception:  # one source's fault must not end the page
                log.exception("%s", self.source.name)
                self._report("an unexpected error; the server's log has it")
            self._stopping.wait(RETRY_SECONDS)

    def _follow(self, frames: NewestFrame) -> None:
        while not self._stopping.is_set():
            if not self._watched.wait(WAIT_SECONDS):
                if frames.is_ended:
                    break
                continue
            frame = frames.take(WAIT_SECONDS)
            self._report(frames.trouble)
            if frame is not None:
                self._show(frame)
            elif frames.is_ended:
                break
        if not self._stopping.is_set():
            self._change(is_ended=True)

    def _show(self, frame: LiveFrame) -> None:
        tracker = self._current_tracker()
        if tracker is None:
            return
        begin = time.monotonic()
        faces = tracker.update(frame.image, frame.read_at)
        self._rate.count(time.monotonic())
        height, width = frame.image.shape[:2]
        message = encode_picture(
            faces,
            source=self._number,
            number=frame.number,
            read_at=frame.read_at,
            size=(width, height),
            tracker_ms=1e3 * (time.monotonic() - begin),
            frames_per_second=self._rate.per_second,
            jpeg=encode_jpeg(frame.image, self._picture.longest_px, self._picture.quality),
        )
        self._on_message(message)

    def _current_tracker(self) -> Tracker | None:
        """Return the tracker that is wanted; None if its network cannot be loaded."""
        wanted, now = self._wanted, self._state.settings
        if self._tracker is not None and wanted == now:
            return self._tracker
        if not self._networks.is_loaded(wanted.model):
            self._change(is_loading=True)
        try:
            self._tracker = self._networks.make_tracker(wanted)
        except KilomarkError as error:
            log.warning("%s", error)
            if self._tracker is None:
                raise
            self._wanted = now  # the network before goes on
            self._change(is_loading=False)
            return self._tracker
        groups = tuple(describe_groups(self._tracker.detector.topology))
        self._change(settings=wanted, is_loading=False, groups=groups)
        return self._tracker

    def _report(self, trouble: str | None) -> None:
        text = None if trouble is None else self.source.without_secrets(trouble)
        if text != self._state.trouble:
            self._change(trouble=text)

    def _change(self, **changes: Any) -> None:  # noqa: ANN401
        self._state = replace(self._state, **changes)
        self._on_state(self._state)
