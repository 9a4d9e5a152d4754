"""What the open pages share: the sources, the networks, and the places for visitors' cameras."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from kilomark.errors import InvalidInputError
from kilomark.serve.commands import MOST_SMOOTHING
from kilomark.serve.messages import PROTOCOL_VERSION
from kilomark.serve.networks import Networks, TrackerSettings
from kilomark.serve.pictures import MOST_VISITOR_BYTES, MOST_VISITOR_PX
from kilomark.serve.station import PictureFormat, Station, StationState
from kilomark.serve.visitor import VisitorCamera

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kilomark.serve.options import ServeOptions
    from kilomark.serve.page_sources import PageSource
    from kilomark.serve.viewer import Viewer

__all__ = ["VISITOR", "Hub"]

VISITOR = "visitor"
"""The id of the visitor's own camera."""
JOIN_SECONDS = 2.0


class Hub:
    """Belongs to one event loop; all methods are called from it.

    Args:
        sources: in the order of the page.
        options: of the server.

    Raises:
        BundleError: the network to begin with is missing.
    """

    def __init__(self, sources: Sequence[PageSource], options: ServeOptions) -> None:
        self.options = options
        self.networks = Networks(options.model, device=options.device, finder=options.finder)
        self.first_settings = TrackerSettings(self.networks.names[0], options.smoothing)
        self.executor = ThreadPoolExecutor(max(1, options.max_visitors), "visitor")
        self.viewers: set[Viewer] = set()
        self._loop = asyncio.get_running_loop()
        picture = PictureFormat(options.picture_px, options.quality)
        self.stations: dict[str, Station] = {}
        for number, source in enumerate(sources):
            ident = str(number)
            newest = _NewestMessage(self._loop, partial(self._spread, ident))
            self.stations[ident] = Station(
                number,
                source,
                self.networks,
                self.first_settings,
                picture,
                newest.put,
                partial(self._call, self._spread_state, ident),
            )

    def start(self) -> None:
        """Begin to read all sources."""
        for station in self.stations.values():
            station.start()

    async def stop(self) -> None:
        """Close all pages and stop all threads; a source that hangs is left behind."""
        for station in self.stations.values():
            station.stop()
        await asyncio.gather(*(viewer.close() for viewer in list(self.viewers)))
        joins = [
            self._loop.run_in_executor(None, station.join, JOIN_SECONDS)
            for station in self.stations.values()
        ]
        await asyncio.gather(*joins)
        self.executor.shutdown(wait=False, cancel_futures=True)

    def describe(self) -> dict[str, Any]:
        """What a page is told first."""
        sources = [{"id": i, "name": s.source.name} for i, s in self.stations.items()]
        return {
            "type": "hello",
            "version": PROTOCOL_VERSION,
            "sources": sources,
            "visitor": self.options.max_visitors > 0,
            "models": self.networks.names,
            "most_smoothing": MOST_SMOOTHING,
            "most_frame_bytes": MOST_VISITOR_BYTES,
            "most_frame_px": MOST_VISITOR_PX,
        }

    def watch(self, viewer: Viewer, ident: str) -> VisitorCamera | None:
        """Show a source to a viewer; return a camera of its own if it asks for that.

        Raises:
            InvalidInputError: there is no such source, or no place left.
        """
        viewer.source = None
        self.update_watched()
        if ident == VISITOR:
            self._check_place(viewer)
        elif ident not in self.stations:
            raise InvalidInputError("there is no such source")
        viewer.source = ident
        self.update_watched()
        return VisitorCamera(self.networks, self.first_settings) if ident == VISITOR else None

    def _check_place(self, viewer: Viewer) -> None:
        taken = sum(other.source == VISITOR for other in self.viewers if other is not viewer)
        if taken >= self.options.max_visitors:
            raise InvalidInputError(
                f"all {self.options.max_visitors} places for visitors' cameras are taken"
                if self.options.max_visitors
                else "this server takes no visitors' cameras"
            )

    def update_watched(self) -> None:
        """Tell each source whether anybody watches it."""
        watched = {viewer.source for viewer in self.viewers}
        for ident, station in self.stations.items():
            station.watch(ident in watched)

    def _spread(self, ident: str, message: bytes) -> None:
        for viewer in self.viewers:
            if viewer.source == ident:
                viewer.offer_picture(message)

    def _spread_state(self, ident: str, state: StationState) -> None:
        for viewer in self.viewers:
            if viewer.source == ident:
                viewer.offer_state(state)

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:  # the loop has closed
            return


class _NewestMessage:
    """Hands the newest message of a thread to the event loop; older ones are dropped."""

    def __init__(self, loop: asyncio.AbstractEventLoop, deliver: Callable[[bytes], None]) -> None:
        self._loop = loop
        self._deliver = deliver
        self._lock = threading.Lock()
        self._message: bytes | None = None

    def put(self, message: bytes) -> None:
        with self._lock:
            is_scheduled = self._message is not None
            self._message = message
        if not is_scheduled:
            try:
                self._loop.call_soon_threadsafe(self._take)
            except RuntimeError:  # the loop has closed
                return

    def _take(self) -> None:
        with self._lock:
            message, self._message = self._message, None
        if message is not None:
            self._deliver(message)
