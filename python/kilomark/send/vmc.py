"""Faces for avatars by the VMC protocol, which is OSC over UDP.

The protocol is described at https://protocol.vmc.info. Its coordinates are Unity's: left-handed,
x to the avatar's right, y up, z forward out of the avatar's face. Image axes (x right, y down, z
away from the camera) of a face that looks into the camera are the negatives of these, all three.
Negating every axis leaves a rotation matrix as it is: ``(-I) R (-I) = R``. So the head's rotation
of `kilomark.pose` is the avatar's, and its quaternion is sent as x, y, z, w.
"""

from __future__ import annotations

import math
import socket
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from kilomark.errors import DependencyError, InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.measures import BLENDSHAPES, UNDETERMINED_BLENDSHAPES, blendshapes
from kilomark.pose import to_rotation
from kilomark.send.addresses import resolve
from kilomark.send.targets import Delivery

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from kilomark.faces import Face
    from kilomark.measures import NeutralFace
    from kilomark.send.targets import SentFrame
    from kilomark.tracker import TrackedFace

__all__ = ["VMC_PORT", "VmcTarget", "head_quaternion", "to_quaternion"]

VMC_PORT = 39539
"""On which receivers (the protocol's marionettes) listen by default."""

ALL_BLENDSHAPES = tuple(sorted((*BLENDSHAPES, *UNDETERMINED_BLENDSHAPES)))

BlendshapeNames: TypeAlias = Literal["vrm", "arkit", "presets"]
PRESETS = {
    "A": "jawOpen",
    "O": "mouthFunnel",
    "U": "mouthPucker",
    "Blink_L": "eyeBlinkLeft",
    "Blink_R": "eyeBlinkRight",
}
"""Preset clips of VRM 0, and the coefficients that move them."""

LOADED, CALIBRATED, NORMAL_MODE = 1, 3, 0
NO_MOVE = (0.0, 0.0, 0.0)
NO_TURN = (0.0, 0.0, 0.0, 1.0)
MOST_BUNDLE_BYTES = 1200
"""So that a bundle fits into one packet of a network."""


class VmcTarget:
    """Moves the head and the expression of an avatar by one face.

    The face is the one that has been followed longest. While it is lost, the avatar keeps its pose
    and the tracking status is 0.

    Args:
        host: the receiver's name or address.
        port: of the receiver.
        mirror: whether the avatar moves as in a mirror: the right eye closes the avatar's left one.
        names: ``"vrm"`` sends ``EyeBlinkLeft``, as VRM's perfect-sync clips are called; ``"arkit"``
            sends ``eyeBlinkLeft``; ``"presets"`` sends `PRESETS`, which every VRM avatar has.

    Raises:
        DependencyError: python-osc is not installed.
        InvalidInputError: the host is not known.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = VMC_PORT,
        *,
        mirror: bool = False,
        names: BlendshapeNames = "vrm",
    ) -> None:
        self._osc = _import_osc()
        self._mirror = mirror
        self._names = _sent_names(names)
        family, self._address = resolve(host, port)
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._delivery = Delivery(f"VMC to {host} port {port}")
        self._followed: int | None = None

    def send(self, frame: SentFrame) -> None:
        """See `Target.send`.

        Raises:
            InvalidInputError: the network's bundle has no mean face.
        """
        face = self._choose(frame.faces)
        neutral = None if face is None else frame.neutrals.get(face.id)
        for bundle in self._bundles(self._messages(face, frame.time_seconds, neutral)):
            if not self._delivery.attempt(lambda data=bundle: self._send(data)):  # type: ignore[misc]
                return

    def close(self) -> None:
        """See `Target.close`."""
        self._socket.close()

    def _send(self, data: bytes) -> None:
        self._socket.sendto(data, self._address)

    def _choose(self, faces: Sequence[TrackedFace]) -> TrackedFace | None:
        """Return the face that was followed before, else the one with the lowest id."""
        face = next((face for face in faces if face.id == self._followed), None)
        if face is None:
            face = min(faces, key=lambda face: face.id, default=None)
        self._followed = face.id if face else self._followed
        return face

    def _messages(
        self, face: Face | None, time_seconds: float, neutral: NeutralFace | None = None
    ) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """Yield addresses and values; ints, floats and texts keep their OSC types."""
        turn = None if face is None else head_quaternion(face, mirror=self._mirror)
        yield "/VMC/Ext/OK", (LOADED, CALIBRATED, NORMAL_MODE, int(turn is not None))
        yield "/VMC/Ext/T", (float(time_seconds),)
        if face is None or turn is None:
            return
        yield "/VMC/Ext/Root/Pos", ("root", *NO_MOVE, *NO_TURN)
        yield "/VMC/Ext/Bone/Pos", ("Head", *NO_MOVE, *turn)
        found = blendshapes(face, neutral=neutral)
        for sent, name in self._names.items():
            value = found.get(_other_side(name) if self._mirror else name, 0.0)
            yield "/VMC/Ext/Blend/Val", (sent, float(value))
        yield "/VMC/Ext/Blend/Apply", ()

    def _bundles(self, messages: Iterator[tuple[str, tuple[Any, ...]]]) -> list[bytes]:
        """Encode messages in as few bundles as fit into network packets, in their order."""
        bundles, builder, size = [], self._new_bundle(), 0
        for address, values in messages:
            message = self._osc.message(address=address)
            for value in values:
                message.add_arg(value)
            built = message.build()
            if size and size + built.size + 4 > MOST_BUNDLE_BYTES:
                bundles.append(builder.build().dgram)
                builder, size = self._new_bundle(), 0
            builder.add_content(built)
            size += built.size + 4
        return [*bundles, builder.build().dgram]

    def _new_bundle(self) -> Any:  # noqa: ANN401
        return self._osc.bundle(self._osc.immediately)


class _Osc:
    """The parts of python-osc that are used."""

    def __init__(self) -> None:
        from pythonosc import osc_bundle_builder, osc_message_builder

        self.message = osc_message_builder.OscMessageBuilder
        self.bundle = osc_bundle_builder.OscBundleBuilder
        self.immediately = osc_bundle_builder.IMMEDIATELY


def _import_osc() -> _Osc:
    try:
        return _Osc()
    except ModuleNotFoundError as error:
        raise DependencyError(
            "the VMC protocol needs python-osc: pip install 'kilomark[send]'"
        ) from error


def head_quaternion(
    face: Face, *, mirror: bool = False
) -> tuple[float, float, float, float] | None:
    """Return the head's rotation as the VMC protocol has it.

    Args:
        face: of a network with a mean face.
        mirror: whether the avatar moves as in a mirror.

    Returns:
        x, y, z, w of the unit quaternion in Unity's axes, w >= 0; (0, 0, 0, 1) looks straight
        ahead. None if the landmarks have no pose.

    Raises:
        InvalidInputError: the bundle has no mean face.
    """
    if face.topology.mean_shape is None:
        raise InvalidInputError(
            "this network's manifest has no mean_shape, so its faces have no pose to send; use a "
            "bundle with a mean face, such as lite"
        )
    pose = face.pose
    if pose is None:
        return None
    x, y, z, w = to_quaternion(to_rotation(pose))
    return (x, -y, -z, w) if mirror else (x, y, z, w)


def to_quaternion(rotation: npt.NDArray[np.floating[Any]]) -> tuple[float, float, float, float]:
    """Convert a rotation matrix (3, 3) to the unit quaternion x, y, z, w with w >= 0.

    The component that is largest is computed first, by Shepperd's method ("Quaternion from rotation
    matrix", Journal of Guidance and Control 1, 1978), so that no small number divides.
    """
    m = np.asarray(rotation, np.float64)
    squares = [
        1 + m[0, 0] - m[1, 1] - m[2, 2],
        1 - m[0, 0] + m[1, 1] - m[2, 2],
        1 - m[0, 0] - m[1, 1] + m[2, 2],
        1 + m[0, 0] + m[1, 1] + m[2, 2],
    ]
    sums = [
        [squares[0], m[0, 1] + m[1, 0], m[0, 2] + m[2, 0], m[2, 1] - m[1, 2]],
        [m[0, 1] + m[1, 0], squares[1], m[1, 2] + m[2, 1], m[0, 2] - m[2, 0]],
        [m[0, 2] + m[2, 0], m[1, 2] + m[2, 1], squares[2], m[1, 0] - m[0, 1]],
        [m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], squares[3]],
    ]
    largest = int(np.argmax(squares))
    scale = 2 * math.sqrt(squares[largest])
    sign = 1.0 if sums[largest][3] >= 0 else -1.0
    x, y, z, w = (float(sign * value / scale) for value in sums[largest])
    return x, y, z, w


def _sent_names(names: BlendshapeNames) -> dict[str, str]:
    """Return ARKit's names by those that are sent."""
    if names == "vrm":
        return {name[0].upper() + name[1:]: name for name in ALL_BLENDSHAPES}
    if names == "arkit":
        return {name: name for name in ALL_BLENDSHAPES}
    if names == "presets":
        return dict(PRESETS)
    raise InvalidInputError(f"names is {excerpt(names)}; expected vrm, arkit or presets")


def _other_side(name: str) -> str:
    """Return the coefficient of the other side: of mouthLeft, mouthRight."""
    if name.endswith("Left"):
        return name.removesuffix("Left") + "Right"
    if name.endswith("Right"):
        return name.removesuffix("Right") + "Left"
    return name
