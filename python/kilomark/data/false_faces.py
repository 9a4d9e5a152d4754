"""What a face finder took for faces in the photos that it is trained on, to be shown more often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.data.packed_images import rows_of
from kilomark.data.scenes import read_boxes_by_photo
from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark.data.packed_images import PackedImages

Array = np.ndarray[Any, Any]

_MARGIN = 0.5  # of the box's longer side, shown around it


@dataclass(frozen=True, slots=True, eq=False)
class FalseFaces:
    """Boxes in photos that hold no face.

    Attributes:
        images: decoded photos.
        rows: (N,) row of each box's photo in ``images``.
        boxes: (N, 4) float32, x0 y0 x1 y1 in the photo's pixels.
    """

    images: PackedImages
    rows: Array
    boxes: Array

    def __len__(self) -> int:
        return len(self.rows)

    def photo(self, index: int) -> Array:
        """Photo of box ``index``: (H, W, 3) uint8 RGB."""
        return self.images[int(self.rows[index])]

    def photo_px(self, index: int) -> int:
        """Longer side of the photo of box ``index``."""
        return int(max(self.photo(index).shape[:2]))

    def cut(self, index: int) -> tuple[Array, Array]:
        """Box ``index`` with what is around it: (H, W, 3) uint8 RGB, and the box (4,) in that."""
        photo, box = self.photo(index), self.boxes[index]
        margin = _MARGIN * float((box[2:] - box[:2]).max())
        low = np.clip(box[:2] - margin, 0, None).astype(int)
        high = np.ceil(np.minimum(box[2:] + margin, photo.shape[1::-1])).astype(int)
        return photo[low[1] : high[1], low[0] : high[0]], box - np.tile(low, 2).astype(np.float32)


def read_false_faces(path: Path, images: PackedImages) -> FalseFaces:
    """Read what tools/find_false_faces.py wrote of ``images``.

    Raises:
        InvalidInputError: it is no such file, or names a photo that is not there.
    """
    boxes_of = read_boxes_by_photo(path)
    names = [name for name, boxes in boxes_of.items() for _ in boxes]
    boxes = np.concatenate([np.empty((0, 4), np.float32), *boxes_of.values()])
    rows = rows_of(images, names)
    sizes = np.array([images[int(row)].shape[1::-1] for row in rows], np.float32).reshape(-1, 2)
    inside = (boxes[:, 2:] > np.maximum(boxes[:, :2], 0)) & (boxes[:, :2] < sizes)
    if not (np.isfinite(boxes).all() and inside.all()):
        raise InvalidInputError(
            f"{path} holds a box that does not lie in its photo; expected x0 < x1 and y0 < y1 in "
            "the photo's pixels: write it again for this data set"
        )
    return FalseFaces(images, rows, boxes)
