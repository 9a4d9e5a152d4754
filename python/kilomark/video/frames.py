"""What all sources of video frames have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt
    from typing_extensions import Self

__all__ = ["USUAL_RATE", "VideoFrame", "VideoSource"]

USUAL_RATE = 25.0
"""Frames per second, where a source does not say its own."""


@dataclass(frozen=True, slots=True, eq=False)
class VideoFrame:
    """One frame, upright."""

    image: npt.NDArray[np.uint8]
    """(H, W, 3) BGR."""
    time_seconds: float
    """Since the beginning of the source; never less than that of the frame before."""


class VideoSource(ABC):
    """Frames in their order, one at a time. A context manager that closes itself."""

    name: str
    """As the user gave it, without a password."""
    is_live: bool = False
    """Whether the frames come as time passes, so that they cannot be read again."""
    frames_per_second: float | None = None
    """On average, if known."""
    duration_seconds: float | None = None
    pixel_aspect: Fraction = Fraction(1)
    """Width of a pixel over its height, where the video is shown."""

    @abstractmethod
    def frames(self, start_seconds: float = 0.0) -> Iterator[VideoFrame]:
        """Yield the frames whose time is ``start_seconds`` and later.

        Raises:
            InvalidInputError: the source cannot be read.
        """

    def fingerprint(self) -> str:
        """Return a text that differs for another source of the same name."""
        return self.name

    def close(self) -> None:  # noqa: B027  # few sources hold anything
        """Free what the source holds."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
