"""`kilomark serve`: a web page with the live picture of cameras and the landmarks on it.

    from kilomark.serve import ServeOptions, run_server

    run_server(["0", "door=rtsp://camera/1"], ServeOptions(port=8080))

Needs aiohttp, which the extra ``kilomark[serve]`` installs: server, WebSockets and a client for the
tests in one package, where Starlette needs a server and a WebSocket library beside it.
"""

from __future__ import annotations

from kilomark.serve.options import ServeOptions
from kilomark.serve.server import run_server

__all__ = ["ServeOptions", "run_server"]
