"""Compositions as samples: their faces as tensors, and single images that collate to batches."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kilomark.data.compositor import Placements

if TYPE_CHECKING:
    from torch import Tensor

    from kilomark.data.composition import Compositions

__all__ = ["ComposedSamples", "FaceBatch", "split_samples"]

Array = np.ndarray[Any, Any]


class FaceBatch(NamedTuple):
    """The faces of N images; unused rows have state ``NONE``.

    Attributes:
        boxes: (N, MAX_FACES, 4) x0, y0, x1, y1: width and height are those of the upright face.
        keypoints: (N, MAX_FACES, 5, 2).
        has_keypoints: (N, MAX_FACES) bool.
        state: (N, MAX_FACES) int64: NONE, FACE or IGNORED.
    """

    boxes: Tensor
    keypoints: Tensor
    has_keypoints: Tensor
    state: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class ComposedSamples:
    """Compositions one image at a time, as a loader of samples asks for them.

    Attributes:
        compositions: of batches of 1.
    """

    compositions: Compositions

    def __getitem__(self, index: int) -> tuple[Array, ...]:
        """The fields of `Placements`, then those of `FaceBatch`, without the batch's axis."""
        placements, faces = self.compositions[index]
        values = [getattr(placements, field.name) for field in fields(placements)]
        return tuple(value[0].numpy() for value in (*values, *faces))


def split_samples(batch: list[Tensor]) -> tuple[Placements, FaceBatch]:
    """Put a collated batch of `ComposedSamples` together again."""
    count = len(fields(Placements))
    return Placements(*batch[:count]), FaceBatch(*batch[count:])
