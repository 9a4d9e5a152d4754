"""Starts and stops the server."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import ssl
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kilomark.errors import DependencyError, InvalidInputError
from kilomark.serve.access import is_loopback, make_guard
from kilomark.serve.page_sources import PageSource, make_page_sources

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aiohttp import web

    from kilomark.serve.options import ServeOptions

__all__ = ["ServerAddress", "run_server", "serve_page"]

log = logging.getLogger(__name__)

SHUTDOWN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where the page is."""

    url: str
    """Without the token."""
    token: str | None
    """None if nobody is asked for one."""

    @property
    def url_with_token(self) -> str:
        """To open once; the server answers with a cookie and the address without it."""
        return self.url if self.token is None else f"{self.url}?token={self.token}"


def run_server(
    sources: Sequence[str],
    options: ServeOptions,
    *,
    on_ready: Callable[[ServerAddress], None] | None = None,
) -> None:
    """Serve the page until Ctrl-C or SIGTERM, and stop cleanly.

    Args:
        sources: what `kilomark.video.open_source` takes, or ``NAME=SOURCE``. None: the visitor's
            own camera alone.
        options: of the server.
        on_ready: called once the server listens.

    Raises:
        BundleError: the network to begin with is missing.
        DependencyError: aiohttp is missing, or the package that reads a source.
        InvalidInputError: an option or a source is wrong, or the port is in use.
    """
    try:
        import aiohttp  # noqa: F401
    except ModuleNotFoundError as error:
        raise DependencyError("the page needs aiohttp: pip install 'kilomark[serve]'") from error
    asyncio.run(
        _serve_until_signal(make_page_sources(sources, loop=options.loop), options, on_ready)
    )


async def _serve_until_signal(
    sources: Sequence[PageSource],
    options: ServeOptions,
    on_ready: Callable[[ServerAddress], None] | None,
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def take_signal() -> None:
        stop.set()
        for number in signals:  # a second one ends the process at once
            loop.remove_signal_handler(number)

    if threading.current_thread() is threading.main_thread():
        for number in signals:
            loop.add_signal_handler(number, take_signal)
    await serve_page(sources, options, stop, on_ready)


async def serve_page(
    sources: Sequence[PageSource],
    options: ServeOptions,
    stop: asyncio.Event,
    on_ready: Callable[[ServerAddress], None] | None = None,
) -> None:
    """Serve the page until ``stop`` is set; see `run_server`."""
    from aiohttp import web

    from kilomark.serve.app import make_app
    from kilomark.serve.hub import Hub

    guard = make_guard(options.host, options.token, options.allowed_hosts)
    https = _https(options)
    hub = Hub(sources, options)
    app = make_app(hub, guard, is_https=https is not None)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        port = await _listen(runner, options, https)
        hub.start()
        if not is_loopback(options.host) and https is None:
            log.warning("pictures and token travel unencrypted; see --certificate")
        if on_ready is not None:
            url = f"{'https' if https else 'http'}://{_shown_host(options.host)}:{port}/"
            on_ready(ServerAddress(url, guard.token))
        await stop.wait()
    finally:
        await hub.stop()
        await runner.cleanup()


async def _listen(
    runner: web.AppRunner, options: ServeOptions, https: ssl.SSLContext | None
) -> int:
    from aiohttp import web

    site = web.TCPSite(runner, options.host, options.port, ssl_context=https)
    try:
        await site.start()
    except OSError as error:
        reason = error.strerror or error
        raise InvalidInputError(
            f"cannot listen on {options.host} port {options.port}: {reason}; name another one "
            "with --port, or 0 for any"
        ) from error
    port: int = runner.addresses[0][1]
    return port


def _https(options: ServeOptions) -> ssl.SSLContext | None:
    if options.certificate is None or options.key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(options.certificate, options.key)
    except (OSError, ssl.SSLError) as error:
        raise InvalidInputError(
            f"{options.certificate} and {options.key} cannot be used: {error}; expected a "
            "certificate and its key, as PEM files"
        ) from error
    return context


def _shown_host(host: str) -> str:
    if host in ("0.0.0.0", "::", ""):
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host
