"""How a page is served."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LEAST_TOKEN_CHARACTERS", "ServeOptions", "check_token"]

LEAST_TOKEN_CHARACTERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """How a page is served.

    Raises:
        InvalidInputError: an option is out of its range.
    """

    host: str = "127.0.0.1"
    """Address to listen on. Others than this machine's own (loopback) demand a token."""
    port: int = 8080
    """0 takes a free one."""
    token: str | None = None
    """What a visitor must know; None generates one where the host demands it."""
    allowed_hosts: tuple[str, ...] = ()
    """Further names under which browsers may ask for the page, such as that of a proxy."""
    certificate: Path | None = None
    """PEM file with the certificate chain, for HTTPS."""
    key: Path | None = None
    """PEM file with the certificate's private key."""
    model: str = "lite"
    """Landmark network to begin with: the name of a shipped bundle, or a folder."""
    device: str = "auto"
    finder: str = "auto"
    """Face detector's bundle."""
    smoothing: float = 1.0
    """Of the trackers, to begin with."""
    loop: bool = True
    """Whether files repeat."""
    picture_px: int = 1280
    """Longer side of the pictures that are sent; larger frames are scaled down."""
    quality: int = 80
    """Of the JPEG pictures, 1 to 95."""
    max_clients: int = 32
    """Pages that may be open at once."""
    max_visitors: int = 2
    """Visitors' own cameras at once; 0 for none."""

    def __post_init__(self) -> None:
        _check_range("port", self.port, 0, 65535)
        _check_range("picture_px", self.picture_px, 64, 4096)
        _check_range("quality", self.quality, 1, 95)
        _check_range("max_clients", self.max_clients, 1, 1000)
        _check_range("max_visitors", self.max_visitors, 0, 64)
        if self.token is not None:
            check_token(self.token)
        if (self.certificate is None) != (self.key is None):
            raise InvalidInputError("HTTPS needs both a certificate and its key; found one of them")


def check_token(token: str) -> None:
    """Check that a token is not too weak.

    Raises:
        InvalidInputError: it is.
    """
    if len(token) < LEAST_TOKEN_CHARACTERS or not (token.isascii() and token.isprintable()):
        raise InvalidInputError(
            f"the token has {len(token)} characters; expected at least "
            f"{LEAST_TOKEN_CHARACTERS} printable ASCII characters, or none to have one made"
        )


def _check_range(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise InvalidInputError(
            f"{name} is {excerpt(value)}; expected a whole number {least} to {most}"
        )
