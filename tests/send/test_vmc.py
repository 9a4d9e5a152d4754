"""The VMC protocol, with python-osc's server as the receiver."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import kilomark
from kilomark.errors import InvalidInputError
from kilomark.measures import blendshapes
from kilomark.pose import to_rotation
from kilomark.send import SentFrame, VmcTarget, head_quaternion
from kilomark.send.vmc import ALL_BLENDSHAPES, to_quaternion

pytest.importorskip("pythonosc", reason="needs the send extra: pip install '.[send]'")

from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import BlockingOSCUDPServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt


class Receiver:
    """An avatar program: python-osc's server, which keeps what it gets."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, tuple[Any, ...]]] = []
        dispatcher = Dispatcher()
        dispatcher.set_default_handler(lambda address, *values: self._keep(address, values))
        self._server = BlockingOSCUDPServer(("127.0.0.1", 0), dispatcher)
        self._server.timeout = 5
        self.port = self._server.server_address[1]

    def _keep(self, address: str, values: tuple[Any, ...]) -> None:
        self.messages.append((address, values))

    def receive(self, last: str) -> None:
        """Take datagrams until one holds a message with this address."""
        while not any(address == last for address, _ in self.messages):
            before = len(self.messages)
            self._server.handle_request()
            assert len(self.messages) > before

    def values(self, address: str) -> list[tuple[Any, ...]]:
        return [values for found, values in self.messages if found == address]

    def close(self) -> None:
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def posed_face(sent_frame: SentFrame, pose: kilomark.Pose) -> kilomark.TrackedFace:
    """The mean face, turned to a known pose in the image."""
    face = sent_frame.faces[0]
    mean = face.topology.mean_shape
    assert mean is not None
    points = 120 * (mean @ to_rotation(pose).T)[:, :2] + 300
    return replace(face, landmarks=points.astype(np.float32))


def turned(quaternion: tuple[float, ...], vector: list[float]) -> npt.NDArray[np.float64]:
    """Turn a vector as Unity's ``quaternion * vector`` does."""
    axis, w = np.array(quaternion[:3]), quaternion[3]
    v = np.array(vector)
    return v + 2 * w * np.cross(axis, v) + 2 * np.cross(axis, np.cross(axis, v))


def test_an_avatar_gets_head_and_blendshapes(receiver: Receiver, sent_frame: SentFrame) -> None:
    target = VmcTarget("127.0.0.1", receiver.port)
    target.send(sent_frame)
    target.close()
    receiver.receive("/VMC/Ext/Blend/Apply")
    assert receiver.values("/VMC/Ext/OK") == [(1, 3, 0, 1)]
    assert receiver.values("/VMC/Ext/T") == [(0.125,)]
    assert receiver.values("/VMC/Ext/Root/Pos") == [("root", 0, 0, 0, 0, 0, 0, 1)]
    ((name, *numbers),) = receiver.values("/VMC/Ext/Bone/Pos")
    assert name == "Head"
    assert numbers[:3] == [0, 0, 0]
    assert numbers[3:] == pytest.approx(head_quaternion(sent_frame.faces[0]), abs=1e-6)
    assert np.linalg.norm(numbers[3:]) == pytest.approx(1)
    blends = dict(receiver.values("/VMC/Ext/Blend/Val"))
    assert len(blends) == len(ALL_BLENDSHAPES) == 52
    found = blendshapes(sent_frame.faces[0])
    for blend, value in found.items():
        assert blends[blend[0].upper() + blend[1:]] == pytest.approx(value, abs=1e-6)
    assert receiver.messages[0][0] == "/VMC/Ext/OK"
    assert receiver.messages[-1] == ("/VMC/Ext/Blend/Apply", ())


def test_without_a_face_the_tracking_status_is_0(
    receiver: Receiver, empty_frame: SentFrame
) -> None:
    target = VmcTarget("127.0.0.1", receiver.port)
    target.send(empty_frame)
    target.close()
    receiver.receive("/VMC/Ext/T")
    assert receiver.values("/VMC/Ext/OK") == [(1, 3, 0, 0)]
    assert receiver.values("/VMC/Ext/Bone/Pos") == []


@pytest.mark.parametrize(
    ("pose", "forward", "up"),
    [
        (kilomark.Pose(0, 0, 0), [0, 0, 1], [0, 1, 0]),
        # the subject looks to its right: the avatar's right is +x
        (kilomark.Pose(30, 0, 0), [0.5, 0, np.sqrt(0.75)], [0, 1, 0]),
        # down
        (kilomark.Pose(0, 30, 0), [0, -0.5, np.sqrt(0.75)], [0, np.sqrt(0.75), 0.5]),
        # tilted clockwise in the image, towards the subject's left shoulder: -x
        (kilomark.Pose(0, 0, 30), [0, 0, 1], [-0.5, np.sqrt(0.75), 0]),
    ],
)
def test_the_head_of_a_known_pose(
    sent_frame: SentFrame, pose: kilomark.Pose, forward: list[float], up: list[float]
) -> None:
    quaternion = head_quaternion(posed_face(sent_frame, pose))
    assert quaternion is not None
    np.testing.assert_allclose(turned(quaternion, [0, 0, 1]), forward, atol=1e-3)
    np.testing.assert_allclose(turned(quaternion, [0, 1, 0]), up, atol=1e-3)


def test_a_mirror_turns_the_head_the_other_way(sent_frame: SentFrame) -> None:
    face = posed_face(sent_frame, kilomark.Pose(25, 10, -15))
    quaternion = head_quaternion(face, mirror=True)
    plain = head_quaternion(face)
    assert quaternion is not None
    assert plain is not None
    for vector in ([0, 0, 1], [0, 1, 0]):  # both lie in the plane of the mirror
        expected = turned(plain, vector) * [-1, 1, 1]
        np.testing.assert_allclose(turned(quaternion, vector), expected, atol=1e-6)


def test_a_mirror_swaps_the_eyes(receiver: Receiver, sent_frame: SentFrame) -> None:
    target = VmcTarget("127.0.0.1", receiver.port, mirror=True, names="arkit")
    target.send(sent_frame)
    target.close()
    receiver.receive("/VMC/Ext/Blend/Apply")
    blends = dict(receiver.values("/VMC/Ext/Blend/Val"))
    found = blendshapes(sent_frame.faces[0])
    assert blends["mouthSmileLeft"] == pytest.approx(found["mouthSmileRight"], abs=1e-6)
    assert blends["eyeBlinkRight"] == pytest.approx(found["eyeBlinkLeft"], abs=1e-6)


def test_presets_move_avatars_without_perfect_sync(
    receiver: Receiver, sent_frame: SentFrame
) -> None:
    target = VmcTarget("127.0.0.1", receiver.port, names="presets")
    target.send(sent_frame)
    target.close()
    receiver.receive("/VMC/Ext/Blend/Apply")
    blends = dict(receiver.values("/VMC/Ext/Blend/Val"))
    found = blendshapes(sent_frame.faces[0])
    assert set(blends) == {"A", "O", "U", "Blink_L", "Blink_R"}
    assert blends["A"] == pytest.approx(found["jawOpen"], abs=1e-6)
    assert blends["Blink_L"] == pytest.approx(found["eyeBlinkLeft"], abs=1e-6)
    with pytest.raises(InvalidInputError, match="vrm, arkit or presets"):
        VmcTarget(names="other")  # type: ignore[arg-type]


def test_quaternions_of_any_rotation() -> None:
    random = np.random.default_rng(1)
    for angles in random.uniform(-180, 180, (200, 3)):
        rotation = to_rotation(kilomark.Pose(angles[0] / 2, angles[1], angles[2]))
        quaternion = to_quaternion(rotation)
        assert quaternion[3] >= 0
        assert np.linalg.norm(quaternion) == pytest.approx(1)
        columns = [turned(quaternion, axis) for axis in np.eye(3).tolist()]
        np.testing.assert_allclose(np.transpose(columns), rotation, atol=1e-9)


def test_the_avatar_stays_with_its_face(receiver: Receiver, sent_frame: SentFrame) -> None:
    face = sent_frame.faces[0]
    newer = replace(posed_face(sent_frame, kilomark.Pose(40, 0, 0)), id=face.id + 1)
    target = VmcTarget("127.0.0.1", receiver.port)
    target.send(replace(sent_frame, faces=[newer]))
    receiver.receive("/VMC/Ext/Blend/Apply")
    receiver.messages.clear()
    target.send(replace(sent_frame, faces=[face, newer]))
    receiver.receive("/VMC/Ext/Blend/Apply")
    target.close()
    ((_, *numbers),) = receiver.values("/VMC/Ext/Bone/Pos")
    assert numbers[3:] == pytest.approx(head_quaternion(newer), abs=1e-6)


def test_a_network_without_a_mean_face_is_refused(sent_frame: SentFrame) -> None:
    face = sent_frame.faces[0]
    flat = replace(face, topology=kilomark.Topology(971, face.topology.groups))
    with pytest.raises(InvalidInputError, match="mean_shape"):
        head_quaternion(flat)


def test_messages_fit_into_network_packets(sent_frame: SentFrame) -> None:
    target = VmcTarget("127.0.0.1", 9)
    bundles = target._bundles(target._messages(sent_frame.faces[0], 0.0))
    target.close()
    assert max(map(len, bundles)) < 1400
    assert len(bundles) <= 4
