"""The binary messages between server and page. All numbers are little-endian.

From the server, one message for each picture::

    offset  type     field
    0       4 bytes  "KMLK"
    4       uint8    version, 1
    5       uint8    0
    6       uint16   faces, F
    8       uint32   number of the frame; gaps are frames that were dropped
    12      uint32   bytes of the JPEG picture, J; 0 if the visitor sent the picture
    16      float64  when the frame was read, seconds of the server's clock
    24      uint16   width of the frame in pixels
    26      uint16   height
    28      float32  milliseconds that the tracker took
    32      float32  frames per second that the tracker follows
    36      uint16   landmarks of each face, K
    38      uint16   source, counted from 0; 65535 for the visitor's own camera
    40      F faces of 40 + 8 K bytes each
    then    J bytes  the JPEG picture, which may be smaller than the frame

A face::

    0       uint32      id
    4       uint32      age in frames
    8       float32     score
    12      4 float32   box: x0, y0, x1, y1
    28      3 float32   yaw, pitch, roll in degrees; NaN without a pose
    40      2 K float32 landmarks: x, y

Positions are in pixels of the frame; (0, 0) is the top-left corner of the top-left pixel.

From the visitor's camera::

    0       4 bytes  "KMVF"
    4       uint8    version, 1
    5       3 bytes  0
    8       uint32   number of the frame; the answer carries it
    12      bytes    a JPEG picture
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kilomark.tracker import TrackedFace

__all__ = [
    "PROTOCOL_VERSION",
    "VISITOR_NUMBER",
    "FaceRecord",
    "PictureMessage",
    "encode_picture",
    "parse_picture",
    "parse_visitor_frame",
]

PROTOCOL_VERSION = 1
HEADER = struct.Struct("<4sBBHIIdHHffHH")
FACE = struct.Struct("<IIf4f3f")
VISITOR = struct.Struct("<4sB3xI")
PICTURE_MARK, VISITOR_MARK = b"KMLK", b"KMVF"

VISITOR_NUMBER = 0xFFFF
"""The number of the source that is the visitor's own camera."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceRecord:
    """A face as a message holds it."""

    id: int
    age: int
    score: float
    box: tuple[float, float, float, float]
    pose_deg: tuple[float, float, float]
    """Yaw, pitch, roll; NaN without a pose."""
    landmarks: npt.NDArray[np.float32]
    """(K, 2) pixels of the frame."""


@dataclass(frozen=True, slots=True, eq=False)
class PictureMessage:
    """A picture and its faces."""

    source: int
    """Counted from 0; `VISITOR_NUMBER` for the visitor's own camera."""
    number: int
    read_at: float
    size: tuple[int, int]
    """Width and height of the frame."""
    tracker_ms: float
    frames_per_second: float
    faces: Sequence[FaceRecord]
    jpeg: bytes
    """Empty if the visitor sent the picture."""


def encode_picture(
    faces: Sequence[TrackedFace],
    *,
    source: int = VISITOR_NUMBER,
    number: int,
    read_at: float,
    size: tuple[int, int],
    tracker_ms: float,
    frames_per_second: float,
    jpeg: bytes = b"",
) -> bytes:
    """Write a message of the server. All faces have the same number of landmarks."""
    num_landmarks = len(faces[0].landmarks) if faces else 0
    parts = [
        HEADER.pack(
            PICTURE_MARK,
            PROTOCOL_VERSION,
            0,
            len(faces),
            number & 0xFFFFFFFF,
            len(jpeg),
            read_at,
            *size,
            tracker_ms,
            frames_per_second,
            num_landmarks,
            source,
        )
    ]
    for face in faces:
        pose = face.pose
        degrees = (pose.yaw_deg, pose.pitch_deg, pose.roll_deg) if pose else (np.nan,) * 3
        parts.append(FACE.pack(face.id, face.age, face.score, *face.box, *degrees))
        parts.append(np.asarray(face.landmarks, "<f4").tobytes())
    return b"".join([*parts, jpeg])


def parse_picture(message: bytes) -> PictureMessage:
    """Read a message of the server.

    Raises:
        InvalidInputError: it is not such a message, of another version, or damaged.
    """
    if len(message) < HEADER.size or message[:4] != PICTURE_MARK:
        raise InvalidInputError("the message does not begin as a picture's; expected KMLK")
    fields = HEADER.unpack_from(message)
    _, version, _, num_faces, number, jpeg_bytes, read_at, width, height, ms, rate, k, source = (
        fields
    )
    if version != PROTOCOL_VERSION:
        raise InvalidInputError(f"the message is of version {version}; expected {PROTOCOL_VERSION}")
    face_bytes = FACE.size + 8 * k
    expected = HEADER.size + num_faces * face_bytes + jpeg_bytes
    if len(message) != expected:
        raise InvalidInputError(
            f"the message has {len(message)} bytes; expected {expected}, as its header says"
        )
    starts = (HEADER.size + n * face_bytes for n in range(num_faces))
    faces = [_parse_face(message, start, k) for start in starts]
    jpeg = message[len(message) - jpeg_bytes :]
    return PictureMessage(source, number, read_at, (width, height), ms, rate, faces, jpeg)


def _parse_face(message: bytes, start: int, num_landmarks: int) -> FaceRecord:
    number, age, score, x0, y0, x1, y1, yaw, pitch, roll = FACE.unpack_from(message, start)
    values = np.frombuffer(message, "<f4", 2 * num_landmarks, start + FACE.size)
    landmarks = values.reshape(-1, 2).astype(np.float32)
    return FaceRecord(number, age, score, (x0, y0, x1, y1), (yaw, pitch, roll), landmarks)


def parse_visitor_frame(message: bytes) -> tuple[int, bytes]:
    """Read a message of a visitor's camera: the number of its frame, and the JPEG bytes.

    Raises:
        InvalidInputError: it is not such a message, or of another version.
    """
    if len(message) <= VISITOR.size or message[:4] != VISITOR_MARK:
        raise InvalidInputError("a binary message begins with KMVF and holds a JPEG picture")
    _, version, number = VISITOR.unpack_from(message)
    if version != PROTOCOL_VERSION:
        raise InvalidInputError(f"the frame is of version {version}; expected {PROTOCOL_VERSION}")
    return number, message[VISITOR.size :]
