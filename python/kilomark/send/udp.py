"""Faces as JSON in UDP datagrams."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

from kilomark.errors import InvalidInputError
from kilomark.send.addresses import resolve
from kilomark.send.documents import check_points, frame_document
from kilomark.send.targets import Delivery

if TYPE_CHECKING:
    from kilomark.send.targets import Points, SentFrame

__all__ = ["UdpTarget"]

MOST_DATAGRAM_BYTES = 65_507


class UdpTarget:
    """Sends one datagram for each face, and one without a face for each frame without any.

    Args:
        host: the receiver's name or address; a broadcast address is allowed.
        port: of the receiver.
        points: which landmarks are sent.

    Raises:
        InvalidInputError: the host is not known, or ``points`` is not a choice.
    """

    def __init__(self, host: str, port: int, *, points: Points = "all") -> None:
        self._points = check_points(points)
        family, self._address = resolve(host, port)
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._socket.setblocking(False)
        self._delivery = Delivery(f"UDP to {host} port {port}")

    def send(self, frame: SentFrame) -> None:
        """See `Target.send`.

        Raises:
            InvalidInputError: a face has too many landmarks for a datagram.
        """
        header = frame_document(frame, self._points)
        faces = header.pop("faces")
        header["num_faces"] = len(faces)
        for index, face in enumerate(faces or [None]):
            document = {**header, "index": index, "face": face}
            data = json.dumps(document, separators=(",", ":")).encode()
            if len(data) > MOST_DATAGRAM_BYTES:
                raise InvalidInputError(
                    f"a face of {len(data):,} bytes does not fit into a UDP datagram of "
                    f"{MOST_DATAGRAM_BYTES:,}; send the 68 points, or none"
                )
            self._delivery.attempt(lambda data=data: self._send(data))  # type: ignore[misc]

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendto(data, self._address)
        except BlockingIOError:  # the network is busy: newer faces matter more
            return

    def close(self) -> None:
        """See `Target.close`."""
        self._socket.close()
