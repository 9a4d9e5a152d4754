"""What each landmark of a network stands for: named groups, mirror partners, the common 68.

A topology belongs to a network and comes from its bundle's manifest. ``left`` and ``right`` are the
subject's, so ``right_eye`` appears on the left of an image that is not mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

__all__ = ["LandmarkGroup", "Topology"]


@dataclass(frozen=True, slots=True)
class LandmarkGroup:
    """A contour of the face: ``count`` landmarks in drawing order, the first of them ``start``."""

    name: str
    start: int
    count: int
    closed: bool | None
    """True for a ring, False for an open curve, None for a single point."""

    @property
    def indices(self) -> slice:
        """The slice of the landmarks that belongs to this group."""
        return slice(self.start, self.start + self.count)


@dataclass(frozen=True, slots=True, eq=False)
class Topology:
    """The map of the K landmarks of one network."""

    num_landmarks: int
    groups: Mapping[str, LandmarkGroup]
    """In the order of the landmarks."""
    mirror: npt.NDArray[np.intp] | None = field(default=None, repr=False)
    """(K,) the landmark that each one becomes when the image is mirrored, or None if not known."""
    subset_68: npt.NDArray[np.intp] | None = field(default=None, repr=False)
    """(68,) the landmarks that stand for the 68 of iBUG / 300-W, or None."""
    mean_shape: npt.NDArray[np.float64] | None = field(default=None, repr=False)
    """(K, 3) the mean face: x right in the image, y down, z away from the camera; or None."""

    def group(self, name: str) -> LandmarkGroup:
        """Return the group called ``name``.

        Raises:
            InvalidInputError: this network has no such group; the message lists those it has.
        """
        try:
            return self.groups[name]
        except KeyError:
            known = ", ".join(self.groups) or "none: its manifest names no group"
            raise InvalidInputError(
                f"there is no landmark group {excerpt(name)}; this network has {known}"
            ) from None
