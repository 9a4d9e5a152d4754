"""What all receivers of faces have in common."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kilomark.measures import NeutralFace
    from kilomark.tracker import TrackedFace

__all__ = ["Delivery", "Points", "SentFrame", "Target"]

log = logging.getLogger(__name__)

Points: TypeAlias = Literal["all", "68", "none"]
"""Which landmarks are sent: those of the network, the common 68 of iBUG / 300-W, or none."""


@dataclass(frozen=True, slots=True, eq=False)
class SentFrame:
    """The faces of a frame."""

    faces: Sequence[TrackedFace]
    number: int
    """Of the frame; gaps are frames that were dropped."""
    time_seconds: float
    """When the frame was read, since the first one."""
    size: tuple[int, int]
    """Width and height in pixels."""
    neutrals: Mapping[int, NeutralFace] = field(default_factory=dict)
    """The faces at rest of the ids that have been calibrated."""


class Target(Protocol):
    """A receiver of faces."""

    def send(self, frame: SentFrame) -> None:
        """Send the faces of a frame. A receiver that is not there is no error."""
        ...

    def close(self) -> None:
        """Free sockets."""
        ...


class Delivery:
    """Calls that send; trouble of the network is logged once, until it is over.

    Args:
        name: of the receiver.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._is_troubled = False

    def attempt(self, send: Callable[[], None]) -> bool:
        """Send; return whether the operating system took it."""
        try:
            send()
        except OSError as error:
            if not self._is_troubled:
                log.warning("%s: %s; trying again", self._name, error.strerror or error)
            self._is_troubled = True
            return False
        self._is_troubled = False
        return True
