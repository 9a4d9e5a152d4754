"""The web application: the page, its files, the WebSocket, and the token."""

from __future__ import annotations

import asyncio
from importlib import resources
from typing import TYPE_CHECKING

from aiohttp import web

from kilomark.serve.pictures import MOST_VISITOR_BYTES
from kilomark.serve.viewer import Viewer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp.typedefs import Middleware

    from kilomark.serve.access import Guard
    from kilomark.serve.hub import Hub

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

__all__ = ["make_app"]

TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "same-origin",  # without a referrer, browsers send forms with Origin: null
    "Server": "kilomark",
    "X-Content-Type-Options": "nosniff",
}
HEARTBEAT_SECONDS = 15.0
REFUSAL_SECONDS = 0.5
"""Before a wrong token is refused: guessing takes longer."""
MOST_FORM_BYTES = 2048


def make_app(hub: Hub, guard: Guard, *, is_https: bool = False) -> web.Application:
    """Make the application.

    Args:
        hub: sources and networks.
        guard: who may ask.
        is_https: whether cookies are for HTTPS only.
    """
    pages = _Pages(hub, guard, is_https=is_https)
    app = web.Application(middlewares=[_guarding(guard)], client_max_size=MOST_FORM_BYTES)
    app.on_response_prepare.append(_add_headers)
    app.router.add_get("/", pages.index)
    app.router.add_post("/token", pages.show_token)
    app.router.add_get("/live", pages.live)
    app.router.add_get("/static/{name}", pages.static)
    return app


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")


def _guarding(guard: Guard) -> Middleware:
    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = request.headers.get("Host")
        if not guard.is_own_host(host):
            raise web.HTTPMisdirectedRequest(
                text="This server does not go by that name. Use the address that it printed, or "
                "start it with --allow-host NAME.\n"
            )
        if not guard.is_own_origin(request.headers.get("Origin"), host):
            raise web.HTTPForbidden(text="Only this server's own page may ask.\n")
        return await handler(request)

    return check


class _Pages:
    def __init__(self, hub: Hub, guard: Guard, *, is_https: bool) -> None:
        self._hub = hub
        self._guard = guard
        self._is_https = is_https
        self._cookie = f"kilomark-{hub.options.port}"
        folder = resources.files("kilomark.serve") / "static"
        self._files = {
            file.name: file.read_bytes()
            for file in folder.iterdir()
            if file.name.endswith(tuple(TYPES))
        }

    async def index(self, request: web.Request) -> web.StreamResponse:
        """The page; who shows the token in the address gets a cookie and a clean address."""
        if "token" in request.query:
            return await self._exchange(request.query["token"])
        if not self._guard.is_session(request.cookies.get(self._cookie)):
            return self._file("token.html", status=401)
        return self._file("index.html")

    async def show_token(self, request: web.Request) -> web.StreamResponse:
        """The form of the page that asks for the token."""
        form = await request.post()
        token = form.get("token")
        return await self._exchange(token if isinstance(token, str) else "")

    async def _exchange(self, token: str) -> web.StreamResponse:
        if not self._guard.is_token(token):
            await asyncio.sleep(REFUSAL_SECONDS)
            return self._file("token.html", status=401)
        response = web.Response(status=303, headers={"Location": "/"})
        if self._guard.token is not None:
            response.set_cookie(
                self._cookie,
                self._guard.session,
                httponly=True,
                samesite="Strict",
                secure=self._is_https,
            )
        return response

    async def live(self, request: web.Request) -> web.StreamResponse:
        """The WebSocket."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        is_program = scheme.lower() == "bearer" and self._guard.is_token(token)
        if not is_program and not self._guard.is_session(request.cookies.get(self._cookie)):
            raise web.HTTPUnauthorized(text="Open the page and show the token first.\n")
        if len(self._hub.viewers) >= self._hub.options.max_clients:
            raise web.HTTPServiceUnavailable(text="Too many pages are open.\n")
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_SECONDS, max_msg_size=MOST_VISITOR_BYTES + 64, compress=False
        )
        await socket.prepare(request)
        await Viewer(socket, self._hub).run()
        return socket

    async def static(self, request: web.Request) -> web.StreamResponse:
        """A file of the page. They hold no secret, so they need no token."""
        name = request.match_info["name"]
        if name not in self._files or name.endswith(".html"):
            raise web.HTTPNotFound(text="There is no such file.\n")
        response = self._file(name)
        response.headers["Cache-Control"] = "no-cache"
        return response

    def _file(self, name: str, status: int = 200) -> web.Response:
        kind = TYPES[name[name.rindex(".") :]]
        return web.Response(
            body=self._files[name], status=status, content_type=kind, charset="utf-8"
        )
