"""Faces as JSON to everybody who opens a WebSocket."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from kilomark.errors import DependencyError, InvalidInputError
from kilomark.send.documents import check_points, frame_document
from kilomark.serve.access import make_guard

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiohttp import web

    from kilomark.send.targets import Points, SentFrame

__all__ = ["WebSocketTarget"]

MOST_CLIENTS = 32
MOST_MESSAGE_BYTES = 1024
"""Longest message from a client; messages are ignored."""
HEARTBEAT_SECONDS = 15.0
START_SECONDS = 60.0
CLOSE_SECONDS = 10.0
"""A client that has not answered the farewell by then is cut off."""
GOING_AWAY = 1001


class WebSocketTarget:
    """Serves ``ws://HOST:PORT/``: a text for each frame. A slow client gets the newest frame only.

    The rules are those of the web page: a host other than loopback demands a token, and a page of
    another origin is refused unless it is allowed.

    Args:
        host: address to listen on.
        port: 0 takes a free one.
        points: which landmarks are sent.
        token: what a client must send, as ``Authorization: Bearer TOKEN`` or ``?token=TOKEN``.
        origins: of pages that may open the WebSocket, such as ``http://localhost:3000``.

    Raises:
        DependencyError: aiohttp is not installed.
        InvalidInputError: the port is in use, or ``points`` is not a choice.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        points: Points = "all",
        token: str | None = None,
        origins: Iterable[str] = (),
    ) -> None:
        self._points = check_points(points)
        self._guard = make_guard(host, token)
        self._origins = {origin.rstrip("/") for origin in origins} - {"null"}
        self._host, self._port = host, port
        self._clients: set[_Client] = set()
        self._ready = threading.Event()
        self._errors: list[Exception] = []
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        _check_aiohttp()
        self._thread = threading.Thread(target=self._run, name="websocket", daemon=True)
        self._thread.start()
        self._ready.wait(START_SECONDS)
        if self._errors:
            self._thread.join()
            raise self._errors[0]

    @property
    def url(self) -> str:
        """Where clients connect."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"ws://{host}:{self._port}/"

    @property
    def token(self) -> str | None:
        """What clients must send; None if nothing."""
        return self._guard.token

    def send(self, frame: SentFrame) -> None:
        """See `Target.send`."""
        if self._clients:
            text = json.dumps(frame_document(frame, self._points), separators=(",", ":"))
            self._loop.call_soon_threadsafe(self._spread, text)

    def close(self) -> None:
        """See `Target.close`."""
        with suppress(RuntimeError):  # closed before
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_SECONDS)

    def _spread(self, text: str) -> None:
        for client in self._clients:
            client.offer(text)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except Exception as error:  # the caller's thread raises it
            self._errors.append(error)
        finally:
            self._loop.close()
            self._ready.set()

    async def _serve(self) -> None:
        from aiohttp import web

        app = web.Application(client_max_size=MOST_MESSAGE_BYTES)
        app.router.add_get("/", self._connect)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
            self._port = runner.addresses[0][1]
            self._ready.set()
            await self._stop.wait()
            await asyncio.gather(*(client.close() for client in list(self._clients)))
        except OSError as error:
            raise InvalidInputError(
                f"cannot listen on {self._host} port {self._port}: {error.strerror or error}"
            ) from error
        finally:
            await runner.cleanup()

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        self._check(request)
        if len(self._clients) >= MOST_CLIENTS:
            raise web.HTTPServiceUnavailable(text="Too many clients.\n")
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_SECONDS, max_msg_size=MOST_MESSAGE_BYTES, compress=False
        )
        await socket.prepare(request)
        client = _Client(socket)
        self._clients.add(client)
        try:
            await client.run()
        finally:
            self._clients.discard(client)
        return socket

    def _check(self, request: web.Request) -> None:
        from aiohttp import web

        host, origin = request.headers.get("Host"), request.headers.get("Origin")
        if not self._guard.is_own_host(host):
            raise web.HTTPMisdirectedRequest(text="This server does not go by that name.\n")
        if origin not in self._origins and not self._guard.is_own_origin(origin, host):
            raise web.HTTPForbidden(text="Pages of this origin are not allowed; see --origin.\n")
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        token = shown if scheme.lower() == "bearer" else request.query.get("token")
        if not self._guard.is_token(token):
            raise web.HTTPUnauthorized(text="Send the token.\n")


class _Client:
    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._text: str | None = None
        self._wakeup = asyncio.Event()

    def offer(self, text: str) -> None:
        self._text = text
        self._wakeup.set()

    async def run(self) -> None:
        sending = asyncio.create_task(self._send())
        try:
            async for _ in self._socket:  # clients have nothing to say
                await asyncio.sleep(0)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def close(self) -> None:
        with suppress(ConnectionError, asyncio.TimeoutError):
            await asyncio.wait_for(self._socket.close(code=GOING_AWAY), CLOSE_SECONDS)

    async def _send(self) -> None:
        with suppress(ConnectionError):
            while True:
                await self._wakeup.wait()
                self._wakeup.clear()
                text, self._text = self._text, None
                if text is not None:
                    await self._socket.send_str(text)


def _check_aiohttp() -> Any:  # noqa: ANN401
    try:
        import aiohttp
    except ModuleNotFoundError as error:
        raise DependencyError(
            "the WebSocket needs aiohttp: pip install 'kilomark[send]'"
        ) from error
    return aiohttp
