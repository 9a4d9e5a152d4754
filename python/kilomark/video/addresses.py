"""Addresses of streams, and how they are shown without their passwords."""

from __future__ import annotations

import re

__all__ = ["is_live_address", "is_stream_address", "is_web_address", "without_password"]

LIVE_SCHEMES = ("rtsp://", "rtsps://", "rtmp://", "udp://", "srt://")
WEB_SCHEMES = ("http://", "https://")

ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^\s\"']+", re.IGNORECASE)
SECRET = re.compile(
    r"((?:pass|password|passwd|passphrase|pwd|user-pw|token|secret)\s*=\s*)[^&\s\"'/]+",
    re.IGNORECASE,
)
NO_HOST_ENDS_SO = re.compile(r":(?!\d*$)[^\]]*$")
"""A colon of a user's password and not of a port or an IPv6 address."""


def is_stream_address(source: str) -> bool:
    """Tell whether a source is the address of a stream."""
    return is_live_address(source) or is_web_address(source)


def is_live_address(source: str) -> bool:
    """Tell whether an address's scheme is one of live streams."""
    return source.lower().startswith(LIVE_SCHEMES)


def is_web_address(source: str) -> bool:
    """Tell whether an address is one of HTTP: a file, or a camera's stream."""
    return source.lower().startswith(WEB_SCHEMES)


def without_password(source: str) -> str:
    """Return a source without user names and passwords, for messages and logs.

    They are left out of addresses, those in a GStreamer pipeline too. Values of parameters such as
    ``password=`` are replaced by three stars. Other sources are returned as they are.
    """
    if "://" not in source and " ! " not in source:
        return source
    return SECRET.sub(r"\1***", ADDRESS.sub(lambda found: _without_user(found.group()), source))


def _without_user(address: str) -> str:
    scheme, rest = address.split("://", 1)
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    end = len(authority)
    if "@" not in authority and NO_HOST_ENDS_SO.search(authority):
        end = len(rest)  # a password that holds / or ? and should have been written as %2F or %3F
    return f"{scheme}://{rest[:end].rpartition('@')[2]}{rest[end:]}"
