"""One open page: what it asks for, and the newest picture that waits for it."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType

from kilomark.errors import InvalidInputError, KilomarkError
from kilomark.serve.commands import Acknowledge, Change, Ping, Watch, parse_command
from kilomark.serve.hub import VISITOR
from kilomark.serve.networks import TrackerSettings, describe_groups
from kilomark.serve.station import StationState

if TYPE_CHECKING:
    from aiohttp import WSMessage, web

    from kilomark.serve.hub import Hub
    from kilomark.serve.visitor import VisitorCamera

__all__ = ["Viewer"]

log = logging.getLogger(__name__)

MOST_UNDRAWN = 2
"""Pictures on their way to a page. Two keep it busy while an acknowledgment travels."""
MOST_FAULTS = 20
"""Messages that make no sense, before the page is closed."""
MOST_MESSAGES_PER_SECOND = 200
POLICY_VIOLATION, GOING_AWAY = 1008, 1001

CLOSE_SECONDS = 10.0
"""A page that has not answered by then is cut off, and learns no reason."""


class Viewer:
    """Sends to one page, and does what it asks for.

    Memory is bounded: one picture waits, the newest; a text waits once for each of its kinds; one
    frame of the visitor's camera waits, the newest.
    """

    def __init__(self, socket: web.WebSocketResponse, hub: Hub) -> None:
        self.source: str | None = None
        self._socket = socket
        self._hub = hub
        self._picture: bytes | None = None
        self._texts: dict[str, str] = {}
        self._undrawn = 0
        self._wakeup = asyncio.Event()
        self._faults = 0
        self._second, self._messages = 0, 0
        self._camera: VisitorCamera | None = None
        self._frame: tuple[bytes, float] | None = None
        self._work: asyncio.Task[None] | None = None
        self._loading: asyncio.Task[None] | None = None
        self._farewell: asyncio.Task[bool] | None = None

    async def run(self) -> None:
        """Serve the page until it is closed."""
        self._hub.viewers.add(self)
        self._offer("hello", self._hub.describe())
        sending = asyncio.create_task(self._send())
        try:
            async for message in self._socket:
                if not self._take(message):
                    await self._socket.close(code=POLICY_VIOLATION, message=b"bad messages")
                    break
                await asyncio.sleep(0)  # a page that floods must not keep the others waiting
        finally:
            self._hub.viewers.discard(self)
            self._hub.update_watched()
            tasks = [task for task in (sending, self._work, self._loading) if task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._farewell is not None:  # returning would cut the page off before it answers
                await asyncio.wait([self._farewell])

    async def close(self) -> None:
        """Tell the page that the server stops, and wait for its answer."""
        goodbye = self._socket.close(code=GOING_AWAY, message=b"stopped")
        self._farewell = asyncio.create_task(goodbye)
        with suppress(ConnectionError, asyncio.TimeoutError):
            await asyncio.wait_for(self._farewell, CLOSE_SECONDS)

    def offer_picture(self, message: bytes) -> None:
        """Send a picture as soon as the page is ready; it replaces one that waits."""
        self._picture = message
        self._wakeup.set()

    def offer_state(self, state: StationState) -> None:
        """Send the state of the source."""
        self._offer(
            "source",
            {
                "type": "source",
                "id": self.source,
                "model": state.settings.model,
                "smoothing": state.settings.smoothing,
                "trouble": state.trouble,
                "is_loading": state.is_loading,
                "is_ended": state.is_ended,
                "groups": state.groups,
            },
        )

    def _offer(self, kind: str, values: dict[str, Any]) -> None:
        self._texts[kind] = json.dumps(values)
        self._wakeup.set()

    async def _send(self) -> None:
        try:
            while True:
                await self._wakeup.wait()
                self._wakeup.clear()
                while self._texts:
                    kind = next(iter(self._texts))
                    await self._socket.send_str(self._texts.pop(kind))
                if self._picture is not None and self._undrawn < MOST_UNDRAWN:
                    picture, self._picture = self._picture, None
                    self._undrawn += 1
                    await self._socket.send_bytes(picture)
        except ConnectionError:  # the page is gone; the reading side ends too
            return

    def _take(self, message: WSMessage) -> bool:
        """Do what a message asks for; return whether the page may go on."""
        now = int(time.monotonic())
        if now != self._second:
            self._second, self._messages = now, 0
        self._messages += 1
        try:
            if message.type == WSMsgType.TEXT:
                self._obey(message.data)
            elif message.type == WSMsgType.BINARY:
                self._offer_frame(message.data)
        except InvalidInputError as error:
            self._complain(error, "message")
        return self._faults <= MOST_FAULTS and self._messages <= MOST_MESSAGES_PER_SECOND

    def _complain(self, error: KilomarkError, of: str) -> None:
        self._faults += 1
        self._offer_error(error, of)

    def _offer_error(self, error: KilomarkError, of: str) -> None:
        self._offer("error", {"type": "error", "of": of, "message": str(error)})

    def _obey(self, text: str) -> None:
        command = parse_command(text)
        if isinstance(command, Acknowledge):
            self._undrawn = max(0, self._undrawn - 1)
            self._wakeup.set()
        elif isinstance(command, Ping):
            pong = {"type": "pong", "time": command.time, "clock": time.monotonic()}
            self._offer("pong", pong)
        elif isinstance(command, Watch):
            self._watch(command.source)
        else:
            self._change(command)

    def _watch(self, ident: str) -> None:
        self._camera = self._picture = self._frame = None
        try:
            self._camera = self._hub.watch(self, ident)
        except InvalidInputError as error:
            self._complain(error, "watch")
            return
        if self._camera is None:
            self.offer_state(self._hub.stations[ident].state)
        else:
            self._load()

    def _change(self, change: Change) -> None:
        if change.model is not None and change.model not in self._hub.networks.names:
            raise InvalidInputError("there is no such network")
        if self._camera is not None:
            now = self._camera.settings
            self._camera.settings = TrackerSettings(
                now.model if change.model is None else change.model,
                now.smoothing if change.smoothing is None else change.smoothing,
            )
            self._load()
        elif self.source is not None:
            self._hub.stations[self.source].change(change.model, change.smoothing)

    def _load(self) -> None:
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._load_network())

    async def _load_network(self) -> None:
        """Load the network of the visitor's camera, and say so."""
        while (camera := self._camera) is not None:
            settings = camera.settings
            self.offer_state(StationState(settings, is_loading=True))
            try:
                topology = await self._in_thread(camera.load)
            except KilomarkError as error:
                self.offer_state(StationState(settings, trouble=str(error)))
                return
            if camera is self._camera and settings == camera.settings:
                groups = tuple(describe_groups(topology))
                self.offer_state(StationState(settings, groups=groups))
                return

    def _offer_frame(self, message: bytes) -> None:
        if self._camera is None:
            raise InvalidInputError("a frame came, but the source is not the visitor's camera")
        self._frame = message, time.monotonic()
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._answer_frames())

    async def _answer_frames(self) -> None:
        while self._frame is not None and self._camera is not None:
            (message, read_at), self._frame = self._frame, None
            try:
                answer = await self._in_thread(self._camera.answer, message, read_at)
            except InvalidInputError as error:
                self._complain(error, "frame")
            except KilomarkError as error:
                self._offer_error(error, "frame")
            else:
                if self.source == VISITOR:
                    self.offer_picture(answer)

    async def _in_thread(self, function: Any, *arguments: Any) -> Any:  # noqa: ANN401
        return await asyncio.get_running_loop().run_in_executor(
            self._hub.executor, function, *arguments
        )
