"""`kilomark send`: faces out to other programs, by UDP, OSC (the VMC protocol) and WebSocket.

    from kilomark import Detector, Tracker
    from kilomark.send import UdpTarget, VmcTarget, send_faces
    from kilomark.video import open_source

    tracker = Tracker(Detector("lite"))
    send_faces(lambda: open_source(0), tracker, [UdpTarget("127.0.0.1", 9000)])

The extra ``kilomark[send]`` installs python-osc, which the VMC protocol needs, and aiohttp, which
the WebSocket needs.
"""

from __future__ import annotations

from kilomark.send.documents import face_document, frame_document
from kilomark.send.loop import SendSummary, send_faces
from kilomark.send.targets import SentFrame, Target
from kilomark.send.udp import UdpTarget
from kilomark.send.vmc import VmcTarget, head_quaternion
from kilomark.send.websocket import WebSocketTarget

__all__ = [
    "SendSummary",
    "SentFrame",
    "Target",
    "UdpTarget",
    "VmcTarget",
    "WebSocketTarget",
    "face_document",
    "frame_document",
    "head_quaternion",
    "send_faces",
]
