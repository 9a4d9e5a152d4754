"""A small RTSP server for tests: moving pictures, as H.264 in RTP over RTSP's own connection."""

from __future__ import annotations

import base64
import contextlib
import socket
import socketserver
import threading
import time
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from tests.video.clips import av, moved_photo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Self

__all__ = ["RtspServer"]

RATE = 30
SIZE = (320, 240)
NUM_PICTURES = 10
SENDER_REPORT = 200

DESCRIPTION = """v=0
o=- 0 0 IN IP4 127.0.0.1
s=test
c=IN IP4 0.0.0.0
t=0 0
m=video 0 RTP/AVP 96
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1
a=control:video
"""


class RtspServer:
    """Serves one stream on 127.0.0.1, as RFC 2326 says, to clients that ask for TCP.

    Args:
        port: 0 takes a free one.
        credentials: ``user:password`` that clients must send, by Basic authentication.
    """

    def __init__(self, port: int = 0, credentials: str | None = None) -> None:
        self.credentials = credentials
        self.is_stalled = False
        """Whether clients keep their connections and get no more pictures."""
        self.num_sent = 0
        self._is_closed = False
        self._connections: list[socket.socket] = []
        self._server = _Server(("127.0.0.1", port), self)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self) -> int:
        """The port that clients connect to."""
        return int(self._server.server_address[1])

    def address(self, credentials: str | None = None) -> str:
        """Return the address of the stream, with the credentials that a user would write."""
        return f"rtsp://{f'{credentials}@' if credentials else ''}127.0.0.1:{self.port}/camera"

    def close(self) -> None:
        """Vanish: the port is free, and the connections of all clients end."""
        self._is_closed = True
        self._server.shutdown()
        self._server.server_close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._is_closed:
            self.close()

    def answer(self, connection: socket.socket) -> None:
        """Speak with one client until either side ends."""
        self._connections.append(connection)
        reader = connection.makefile("rb")
        while request := _read_request(reader):
            method, headers = request
            status, extra, body = self._respond(method, headers)
            head = [f"RTSP/1.0 {status}", f"CSeq: {headers.get('cseq', '0')}", *extra]
            if body:
                head.append(f"Content-Length: {len(body)}")
            connection.sendall(("\r\n".join(head) + "\r\n\r\n" + body).encode())
            if method == "PLAY" and status.startswith("200"):
                threading.Thread(target=self._play, args=(connection,), daemon=True).start()

    def _respond(self, method: str, headers: dict[str, str]) -> tuple[str, list[str], str]:
        if self.credentials is not None:
            wanted = "Basic " + base64.b64encode(self.credentials.encode()).decode()
            if headers.get("authorization") != wanted:
                return "401 Unauthorized", ['WWW-Authenticate: Basic realm="test"'], ""
        if method == "DESCRIBE":
            return "200 OK", ["Content-Type: application/sdp"], DESCRIPTION.replace("\n", "\r\n")
        if method == "SETUP":
            transport = headers.get("transport", "")
            if "TCP" not in transport:
                return "461 Unsupported Transport", [], ""
            return "200 OK", [f"Transport: {transport}", "Session: 1"], ""
        return "200 OK", ["Session: 1", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"], ""

    def _play(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the client has gone
            for packet in _packets():
                while self.is_stalled and not self._is_closed:
                    time.sleep(0.01)
                channel = 1 if packet[1] == SENDER_REPORT else 0
                connection.sendall(bytes([ord("$"), channel]) + len(packet).to_bytes(2, "big"))
                connection.sendall(packet)
                self.num_sent += 1


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], owner: RtspServer) -> None:
        self.owner = owner
        super().__init__(address, _Handler)


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self.server.owner.answer(self.request)  # type: ignore[attr-defined]


def _read_request(reader: socket.SocketIO) -> tuple[str, dict[str, str]] | None:
    """Read a request; skip the packets of RTCP that a client sends between them."""
    while (first := reader.read(1)) == b"$":
        reader.read(int.from_bytes(reader.read(3)[1:], "big"))
    if not first:
        return None
    line = (first + reader.readline()).decode()
    headers = {}
    while (header := reader.readline().decode().strip()) != "":
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    return line.split()[0], headers


class _PacketList:
    """Takes what FFmpeg's RTP muxer writes: one packet each time."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []

    def write(self, packet: bytes) -> int:
        self.packets.append(bytes(packet))
        return len(packet)


def _packets() -> Iterator[bytes]:
    """Yield RTP packets of the demo photo that moves to and fro, at the rate of a camera."""
    sent = _PacketList()
    container = av.open(sent, "w", format="rtp", options={"packetsize": "1200"})
    options = {"preset": "ultrafast", "tune": "zerolatency", "g": str(NUM_PICTURES)}
    stream = container.add_stream("libx264", rate=RATE, options=options)
    stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
    begin, number = time.monotonic(), 0
    while True:
        picture = np.ascontiguousarray(moved_photo(abs(number % (2 * NUM_PICTURES) - NUM_PICTURES)))
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = number, Fraction(1, RATE)
        container.mux(stream.encode(frame))
        yield from sent.packets
        sent.packets.clear()
        number += 1
        time.sleep(max(0.0, begin + number / RATE - time.monotonic()))
