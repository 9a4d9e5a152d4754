"""The faces of one visitor's own camera."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from kilomark.serve.messages import encode_picture, parse_visitor_frame
from kilomark.serve.pictures import decode_jpeg
from kilomark.video.frame_rate import FrameRate

if TYPE_CHECKING:
    from kilomark.serve.networks import Networks, TrackerSettings
    from kilomark.topology import Topology
    from kilomark.tracker import Tracker

__all__ = ["VisitorCamera"]


class VisitorCamera:
    """Follows the faces in the pictures that a visitor sends; its methods may block.

    Args:
        networks: where trackers come from.
        settings: to begin with.
    """

    def __init__(self, networks: Networks, settings: TrackerSettings) -> None:
        self._networks = networks
        self.settings = settings
        self._tracker: Tracker | None = None
        self._used: TrackerSettings | None = None
        self._rate = FrameRate()
        self._lock = threading.Lock()

    def load(self) -> Topology:
        """Load the network that was chosen; return the topology of its landmarks.

        Raises:
            KilomarkError: it cannot be loaded.
        """
        with self._lock:
            return self._current_tracker().detector.topology

    def answer(self, message: bytes, read_at: float) -> bytes:
        """Find the faces in a visitor's message; return the message that answers it.

        Raises:
            InvalidInputError: the message holds no picture.
            KilomarkError: the network failed.
        """
        number, jpeg = parse_visitor_frame(message)
        image = decode_jpeg(jpeg)
        with self._lock:
            tracker = self._current_tracker()
            begin = time.monotonic()
            faces = tracker.update(image, read_at)
            self._rate.count(time.monotonic())
        return encode_picture(
            faces,
            number=number,
            read_at=read_at,
            size=(image.shape[1], image.shape[0]),
            tracker_ms=1e3 * (time.monotonic() - begin),
            frames_per_second=self._rate.per_second,
        )

    def _current_tracker(self) -> Tracker:
        settings = self.settings
        if self._tracker is None or self._used != settings:
            self._tracker = self._networks.make_tracker(settings)
            self._used = settings
        return self._tracker
