"""What training samples of landmark networks are drawn from, whatever data set it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

    from kilomark.topology import Topology

__all__ = ["LabeledFaces"]


class LabeledFaces(Protocol):
    """Images of one face each, and its landmarks."""

    @property
    def topology(self) -> Topology:
        """What the landmark indices mean; without a mirror no image is mirrored."""

    def __len__(self) -> int: ...

    def image(self, face: int) -> np.ndarray[Any, Any]:
        """Image of ``face`` as (H, W, 3) uint8 RGB."""

    def landmarks_of(self, face: int) -> np.ndarray[Any, Any]:
        """Landmarks (K, 2) float32 of ``face`` in pixels of its image."""

    def valid_part(self, face: int, image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Box x0, y0, x1, y1 of the part of its image that shows the photo."""
