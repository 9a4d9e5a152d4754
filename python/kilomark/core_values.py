"""What goes into a call of the core and what comes out: images and boxes in, faces out."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from kilomark.boxes import to_boxes
from kilomark.errors import InvalidInputError
from kilomark.faces import Face
from kilomark.images import ImageLike, Pixels, to_core_pixels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kilomark import _core
    from kilomark.raw_images import PixelArray, RawPixels
    from kilomark.topology import Topology

    CoreArray: TypeAlias = PixelArray | tuple[PixelArray, PixelArray]

__all__ = [
    "Boxes",
    "check_boxes_per_image",
    "to_boxes_per_image",
    "to_core_images",
    "to_faces",
]

Boxes: TypeAlias = npt.ArrayLike
"""(M, 4) x0, y0, x1, y1 in pixels, or (4,) for one face."""


def to_core_images(
    images: Sequence[ImageLike], input_stream: int
) -> tuple[list[CoreArray], list[str], list[Pixels | RawPixels]]:
    """Return the arrays of the images, their formats, and the values that hold both."""
    pixels = [to_core_pixels(image, input_stream=input_stream) for image in images]
    return [item.array for item in pixels], [item.format for item in pixels], pixels


def check_boxes_per_image(boxes: object, num_images: int) -> Sequence[Boxes] | None:
    """Return the boxes of each image, or None if the face detector finds them.

    Raises:
        InvalidInputError: it is not a list of one array for each image.
    """
    if boxes is None:
        return None
    if not isinstance(boxes, list | tuple | np.ndarray) or len(boxes) != num_images:
        found = len(boxes) if isinstance(boxes, list | tuple | np.ndarray) else type(boxes).__name__
        raise InvalidInputError(
            f"boxes for {num_images} images is {found}; expected a list of {num_images}, one array "
            "(M, 4) per image"
        )
    return list(boxes)


def to_boxes_per_image(
    boxes: Sequence[Boxes], pixels: Sequence[Pixels | RawPixels]
) -> list[npt.NDArray[np.float32]]:
    """Check the boxes of each image.

    Raises:
        InvalidInputError: a box is not finite, or not near its image.
    """
    return [
        to_boxes(item, width=image.width, height=image.height, shown=f"boxes of image {index}")
        for index, (item, image) in enumerate(zip(boxes, pixels, strict=True))
    ]


def to_faces(found: _core.Detections, topology: Topology) -> list[Face]:
    """Make the faces of one image from the core's arrays."""
    depths = [None] * len(found.landmarks) if found.depth is None else found.depth
    return [
        Face(landmarks, spread, box, score, presence, topology, depth)
        for landmarks, spread, box, score, presence, depth in zip(
            found.landmarks,
            found.spread,
            found.boxes,
            found.scores.tolist(),
            found.presence.tolist(),
            depths,
            strict=True,
        )
    ]
