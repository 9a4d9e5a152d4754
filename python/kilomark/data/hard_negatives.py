"""Hard negatives: boxes without a face that a face detector took for faces, shown more often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.data.scenes import read_boxes_by_photo
from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kilomark.data.packed_images import PackedImages

__all__ = ["HardNegatives", "read_hard_negatives"]

Array = np.ndarray[Any, Any]

_MARGIN = 0.5  # of the box's longer side, shown around it


@dataclass(frozen=True, slots=True, eq=False)
class HardNegatives:
    """Boxes in photos that hold no face.

    Attributes:
        photos: (N,) photo of each box: the bank that holds it decoded, and its row there.
        boxes: (N, 4) float32, x0 y0 x1 y1 in the photo's pixels.
    """

    photos: Sequence[tuple[PackedImages, int]]
    boxes: Array

    def __len__(self) -> int:
        return len(self.photos)

    def photo(self, index: int) -> Array:
        """Photo of box ``index``: (H, W, 3) uint8 RGB."""
        images, row = self.photos[index]
        return images[row]

    def cut(self, index: int) -> tuple[Array, Array]:
        """Box ``index`` with what is around it: (H, W, 3) uint8 RGB, and the box (4,) in that."""
        photo, box = self.photo(index), self.boxes[index]
        margin = _MARGIN * float((box[2:] - box[:2]).max())
        low = np.clip(box[:2] - margin, 0, None).astype(int)
        high = np.ceil(np.minimum(box[2:] + margin, photo.shape[1::-1])).astype(int)
        return photo[low[1] : high[1], low[0] : high[0]], box - np.tile(low, 2).astype(np.float32)


def read_hard_negatives(path: Path, *sets: PackedImages) -> HardNegatives:
    """Read boxes in the photos of ``sets`` that a face detector took for faces.

    Args:
        path: JSON, ``{"photo": [[x0, y0, x1, y1], ...]}`` with boxes in pixels of each photo.
        sets: data sets that hold the photos.

    Raises:
        InvalidInputError: it is not such a file, or names a photo that is in none of the sets.
    """
    boxes_of = read_boxes_by_photo(path)
    photo_of = {name: (images, row) for images in sets for row, name in enumerate(images.names)}
    unknown = sorted(boxes_of.keys() - photo_of.keys())
    if unknown:
        raise InvalidInputError(
            f"{path} names {len(unknown)} photos that the data set does not hold (first: "
            f"{excerpt(unknown[0])}); expected its photos and its backgrounds: write it again for "
            "this data set"
        )
    photos = [photo_of[name] for name, boxes in boxes_of.items() for _ in boxes]
    boxes = np.concatenate([np.empty((0, 4), np.float32), *boxes_of.values()])
    sizes = np.array([images[row].shape[1::-1] for images, row in photos], np.float32)
    sizes = sizes.reshape(-1, 2)
    inside = (boxes[:, 2:] > np.maximum(boxes[:, :2], 0)) & (boxes[:, :2] < sizes)
    if not (np.isfinite(boxes).all() and inside.all()):
        raise InvalidInputError(
            f"{path} holds a box that does not lie in its photo; expected x0 < x1 and y0 < y1 in "
            "the photo's pixels: write it again for this data set"
        )
    return HardNegatives(photos, boxes)
