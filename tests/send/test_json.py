from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kilomark.errors import InvalidInputError
from kilomark.measures import BLENDSHAPES, eye_openness
from kilomark.send import SentFrame, UdpTarget, frame_document
from kilomark.send.addresses import parse_address
from kilomark.send.documents import check_points

if TYPE_CHECKING:
    import socket


def send(receiver: socket.socket, frame: SentFrame, points: str = "all") -> None:
    target = UdpTarget("127.0.0.1", receiver.getsockname()[1], points=check_points(points))
    target.send(frame)
    target.close()


def test_a_receiver_gets_a_datagram_for_each_face(
    receiver: socket.socket, sent_frame: SentFrame
) -> None:
    twice = SentFrame([*sent_frame.faces, *sent_frame.faces], 3, 0.125, sent_frame.size)
    send(receiver, twice)
    first, second = (json.loads(receiver.recv(1 << 16)) for _ in range(2))
    assert (first["index"], second["index"], first["num_faces"]) == (0, 1, 2)
    assert (first["kilomark"], first["frame"], first["time"]) == (1, 3, 0.125)
    assert (first["width"], first["height"]) == sent_frame.size
    face, sent = sent_frame.faces[0], first["face"]
    assert (sent["id"], sent["age"]) == (face.id, face.age)
    assert sent["score"] == pytest.approx(face.score, abs=1e-4)
    np.testing.assert_allclose(sent["points"], face.landmarks, atol=0.006)
    np.testing.assert_allclose(sent["box"], face.box, atol=0.006)
    assert face.pose is not None
    assert sent["pose"]["yaw_deg"] == pytest.approx(face.pose.yaw_deg, abs=0.01)
    assert sent["measures"]["eye_openness_left"] == pytest.approx(eye_openness(face).left, abs=1e-4)
    assert set(sent["blendshapes"]) >= set(BLENDSHAPES)


def test_a_frame_without_faces_is_a_datagram_too(
    receiver: socket.socket, empty_frame: SentFrame
) -> None:
    send(receiver, empty_frame)
    sent = json.loads(receiver.recv(1 << 16))
    assert (sent["num_faces"], sent["face"], sent["frame"]) == (0, None, 4)


@pytest.mark.parametrize(("points", "count"), [("68", 68), ("none", 0), ("all", 971)])
def test_the_points_are_those_asked_for(
    receiver: socket.socket, sent_frame: SentFrame, points: str, count: int
) -> None:
    send(receiver, sent_frame, points=points)
    data = receiver.recv(1 << 16)
    assert len(json.loads(data)["face"]["points"]) == count
    assert len(data) < 20_000


def test_nobody_who_listens_is_no_error(sent_frame: SentFrame) -> None:
    target = UdpTarget("127.0.0.1", 9)
    for _ in range(3):
        target.send(sent_frame)
    target.close()


def test_a_frame_is_one_document(sent_frame: SentFrame) -> None:
    document = json.loads(json.dumps(frame_document(sent_frame, "68")))
    assert document["frame"] == 3
    assert [len(face["points"]) for face in document["faces"]] == [68]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("9000", ("127.0.0.1", 9000)),
        (":9000", ("127.0.0.1", 9000)),
        ("board:9000", ("board", 9000)),
        ("[::1]:9000", ("::1", 9000)),
    ],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address


def test_addresses_with_a_default_port() -> None:
    assert parse_address("board", 39539) == ("board", 39539)
    assert parse_address("[::1]", 39539) == ("::1", 39539)
    assert parse_address("board:1", 39539) == ("board", 1)


@pytest.mark.parametrize("text", ["", "board", "board:", "board:0", "board:70000", "board:x", "0"])
def test_texts_that_are_no_addresses(text: str) -> None:
    with pytest.raises(InvalidInputError, match="is not an address"):
        parse_address(text)


def test_choices_that_do_not_exist() -> None:
    with pytest.raises(InvalidInputError, match="expected all, 68 or none"):
        UdpTarget("127.0.0.1", 9, points="some")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="is not known"):
        UdpTarget("no such host", 9)
