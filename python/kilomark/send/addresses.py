"""Addresses of receivers: HOST:PORT, :PORT or PORT."""

from __future__ import annotations

import socket
from typing import Any

from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt

__all__ = ["parse_address", "resolve"]


def parse_address(text: str, default_port: int | None = None) -> tuple[str, int]:
    """Read ``HOST:PORT``, ``[IPv6]:PORT``, ``PORT``, or ``HOST`` where there is a default port.

    Raises:
        InvalidInputError: it is not an address.
    """
    host, colon, port = text.rpartition(":")
    if text.isdecimal():
        host, port = "127.0.0.1", text
    elif default_port is not None and (not colon or text.endswith("]")):
        host, port = text, str(default_port)
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise InvalidInputError(
            f"{excerpt(text)} is not an address; expected HOST:PORT such as 127.0.0.1:9000, or "
            "PORT alone"
        )
    return host, int(port)


def resolve(host: str, port: int) -> tuple[socket.AddressFamily, Any]:
    """Look up a receiver once.

    Raises:
        InvalidInputError: the host is not known.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    except (OSError, UnicodeError) as error:
        raise InvalidInputError(
            f"the host {excerpt(host)} is not known: {error}; expected a name or an IP address"
        ) from error
    return family, address
