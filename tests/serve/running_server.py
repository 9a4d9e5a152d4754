"""A page's server in a thread, and a client that speaks its protocol."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import aiohttp

from kilomark.serve.messages import PictureMessage, parse_picture
from kilomark.serve.options import ServeOptions
from kilomark.serve.page_sources import make_page_sources
from kilomark.serve.server import ServerAddress, serve_page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

SECONDS = 60.0


@contextmanager
def running_server(
    sources: Sequence[str],
    **options: Any,  # noqa: ANN401 - those of ServeOptions
) -> Iterator[ServerAddress]:
    """Serve sources, on a free port unless told otherwise, and stop at the end."""
    ready, stopping = threading.Event(), asyncio.Event()
    found: dict[str, Any] = {}

    def is_ready(address: ServerAddress) -> None:
        found["address"], found["loop"] = address, asyncio.get_running_loop()
        ready.set()

    async def serve() -> None:
        settings = ServeOptions(**{"port": 0, "device": "cpu", **options})
        page_sources = make_page_sources(sources, loop=settings.loop)
        await serve_page(page_sources, settings, stopping, is_ready)

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # the test's thread raises it
            found["error"] = error
        ready.set()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(SECONDS)
    if "error" in found:
        raise found["error"]
    try:
        yield found["address"]
    finally:
        found["loop"].call_soon_threadsafe(stopping.set)
        thread.join(SECONDS)
        assert not thread.is_alive()
        assert "error" not in found, found["error"]


class Page:
    """A program that does what the page in a browser does."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.texts: list[dict[str, Any]] = []

    async def send(self, **values: object) -> None:
        await self.socket.send_str(json.dumps(values))

    async def picture(self, *, acknowledge: bool = True) -> PictureMessage:
        """Wait for a picture; keep the texts before it."""
        while True:
            message = await asyncio.wait_for(self.socket.receive(), SECONDS)
            if message.type == aiohttp.WSMsgType.BINARY:
                if acknowledge:
                    await self.send(type="ack")
                return parse_picture(message.data)
            self._keep(message)

    async def text(self, kind: str, **wanted: object) -> dict[str, Any]:
        """Wait for a text of this kind with these values; acknowledge the pictures before it."""
        return await asyncio.wait_for(self._text(kind, wanted), SECONDS)

    async def _text(self, kind: str, wanted: Mapping[str, object]) -> dict[str, Any]:
        while True:
            message = await self.socket.receive()
            if message.type == aiohttp.WSMsgType.BINARY:
                await self.send(type="ack")
                continue
            found = self._keep(message)
            if found["type"] == kind and all(found[name] == wanted[name] for name in wanted):
                return found

    async def closing(self) -> int:
        """Wait for the server to close the connection; return its code."""
        while not self.socket.closed:
            await asyncio.wait_for(self.socket.receive(), SECONDS)
        assert self.socket.close_code is not None
        return self.socket.close_code

    def _keep(self, message: aiohttp.WSMessage) -> dict[str, Any]:
        assert message.type == aiohttp.WSMsgType.TEXT, message
        found: dict[str, Any] = json.loads(message.data)
        self.texts.append(found)
        return found


@asynccontextmanager
async def open_page(
    address: ServerAddress, headers: Mapping[str, str] | None = None
) -> AsyncIterator[Page]:
    """Open the WebSocket as the page does."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{address.url}live", headers=headers, max_msg_size=0) as socket,
    ):
        yield Page(socket)
