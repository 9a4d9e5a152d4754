from __future__ import annotations

import json
import struct

import numpy as np
import pytest

import kilomark
from kilomark.errors import InvalidInputError
from kilomark.serve.commands import Acknowledge, Change, Ping, Watch, parse_command
from kilomark.serve.messages import (
    encode_picture,
    parse_picture,
    parse_visitor_frame,
)


def make_face() -> kilomark.TrackedFace:
    topology = kilomark.Topology(3, {})
    landmarks = np.array([[1, 2], [-3, 4.5], [700, 8]], np.float32)
    return kilomark.TrackedFace(
        landmarks=landmarks,
        spread=np.ones(3, np.float32),
        box=np.array([1, 2, 3, 4], np.float32),
        score=0.5,
        presence=1.0,
        topology=topology,
        id=7,
        age=9,
        raw_landmarks=landmarks,
        velocity=np.zeros(2, np.float32),
    )


def encode(faces: list[kilomark.TrackedFace], jpeg: bytes = b"jpeg") -> bytes:
    return encode_picture(
        faces,
        source=1,
        number=5,
        read_at=2.5,
        size=(640, 480),
        tracker_ms=1.5,
        frames_per_second=30,
        jpeg=jpeg,
    )


def test_a_picture_is_read_as_it_was_written() -> None:
    message = parse_picture(encode([make_face(), make_face()]))
    assert (message.source, message.number, message.read_at) == (1, 5, 2.5)
    assert (message.size, message.tracker_ms, message.frames_per_second) == ((640, 480), 1.5, 30)
    assert message.jpeg == b"jpeg"
    assert len(message.faces) == 2
    face = message.faces[1]
    assert (face.id, face.age, face.score, face.box) == (7, 9, 0.5, (1, 2, 3, 4))
    assert np.isnan(face.pose_deg).all()  # no mean face
    np.testing.assert_array_equal(face.landmarks, make_face().landmarks)


def test_the_layout_is_the_documented_one() -> None:
    """Little-endian, whatever the machine: the page and others read it byte by byte."""
    message = encode([make_face()])
    assert message[:8] == b"KMLK\x01\x00\x01\x00"
    assert struct.unpack_from("<IId", message, 8) == (5, 4, 2.5)
    assert struct.unpack_from("<HHffHH", message, 24) == (640, 480, 1.5, 30, 3, 1)
    assert struct.unpack_from("<II", message, 40) == (7, 9)
    assert struct.unpack_from("<6f", message, 80) == (1, 2, -3, 4.5, 700, 8)
    assert len(message) == 40 + 40 + 8 * 3 + 4


@pytest.mark.parametrize("damage", [b"", b"KMLK", b"nope" * 20])
def test_damaged_pictures_are_refused(damage: bytes) -> None:
    with pytest.raises(InvalidInputError):
        parse_picture(damage)
    whole = encode([make_face()])
    for cut in (39, 50, len(whole) - 1):
        with pytest.raises(InvalidInputError):
            parse_picture(whole[:cut])
    with pytest.raises(InvalidInputError, match="version 2"):
        parse_picture(whole[:4] + b"\x02" + whole[5:])


def test_frames_of_visitors() -> None:
    message = b"KMVF\x01\x00\x00\x00" + struct.pack("<I", 12) + b"jpeg"
    assert parse_visitor_frame(message) == (12, b"jpeg")
    for wrong in (b"", message[:12], b"XXXX" + message[4:], message[:4] + b"\x09" + message[5:]):
        with pytest.raises(InvalidInputError):
            parse_visitor_frame(wrong)


def test_commands() -> None:
    assert parse_command('{"type": "ack"}') == Acknowledge()
    assert parse_command('{"type": "watch", "source": "1"}') == Watch("1")
    assert parse_command('{"type": "ping", "time": 5}') == Ping(5.0)
    assert parse_command('{"type": "change", "model": "lite"}') == Change("lite", None)
    assert parse_command('{"type": "change", "smoothing": 0}') == Change(None, 0.0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        "[" * 900,
        json.dumps({"type": "watch"}),
        json.dumps({"type": "watch", "source": 1}),
        json.dumps({"type": "ping", "time": "now"}),
        json.dumps({"type": "change", "smoothing": -1}),
        json.dumps({"type": "change", "smoothing": True}),
        '{"type": "change", "smoothing": NaN}',
        '{"type": "ping", "time": ' + "9" * 500 + "}",
        json.dumps({"type": "ack", "more": "x" * 2000}),
    ],
)
def test_texts_that_are_no_commands_are_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_command(text)
