"""Who may ask: the name of the host, the origin of the page, and the token."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Guard", "is_loopback", "make_guard"]

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
TOKEN_BYTES = 24


@dataclass(frozen=True, slots=True)
class Guard:
    """Decides which requests are served.

    DNS rebinding lets a hostile page reach this server under a name of its own. So the ``Host``
    header must be a name that is known to be this server's. An IP address cannot be rebound: it is
    accepted unless the server listens on loopback only.
    """

    hosts: frozenset[str]
    """Names that the ``Host`` header may have, in lower case."""
    takes_addresses: bool
    """Whether the ``Host`` header may be any IP address."""
    token: str | None = None
    """None if nobody is asked for one."""
    session: str = field(default_factory=lambda: secrets.token_urlsafe(TOKEN_BYTES))
    """What the cookie holds after the token was shown; it ends with this process."""

    def is_own_host(self, host: str | None) -> bool:
        """Tell whether a ``Host`` header names this server."""
        name = _host_name(host)
        if name is None:
            return False
        return name in self.hosts or (self.takes_addresses and _is_address(name))

    def is_own_origin(self, origin: str | None, host: str | None) -> bool:
        """Tell whether an ``Origin`` header is that of this server's own page.

        Programs send none; browsers do so with every WebSocket.
        """
        if origin is None:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and parts.netloc.lower() == (host or "").lower()

    def is_token(self, shown: str | None) -> bool:
        """Compare a token in constant time; True if none is needed."""
        return self.token is None or _equal(shown, self.token)

    def is_session(self, cookie: str | None) -> bool:
        """Compare a cookie in constant time; True if no token is needed."""
        return self.token is None or _equal(cookie, self.session)


def make_guard(host: str, token: str | None, allowed_hosts: Iterable[str] = ()) -> Guard:
    """Make the guard of a server that listens on ``host``.

    A host other than loopback has a token: the one given, else a random one of 192 bits.
    """
    others = frozenset(name.lower() for name in allowed_hosts)
    if is_loopback(host):
        return Guard(LOOPBACK_NAMES | {host.lower()} | others, takes_addresses=False, token=token)
    own = socket.gethostname().lower()
    names = LOOPBACK_NAMES | {host.lower(), own, f"{own.partition('.')[0]}.local"} | others
    return Guard(names, takes_addresses=True, token=token or secrets.token_urlsafe(TOKEN_BYTES))


def is_loopback(host: str) -> bool:
    """Tell whether an address to listen on is reached from this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_name(host: str | None) -> str | None:
    """Return the name in a ``Host`` header, without its port; None if it is malformed."""
    if not host or any(character in host for character in "/@?# \\"):
        return None
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _equal(shown: str | None, secret: str) -> bool:
    return hmac.compare_digest((shown or "").encode(errors="replace"), secret.encode())
