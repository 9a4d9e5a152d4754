"""Where the faces of an image are, as a value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kilomark import _core
from kilomark.errors import InvalidInputError

__all__ = ["Regions"]


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """The R regions of one image in which faces are, best first. All positions are image pixels."""

    boxes: npt.NDArray[np.float32]
    """(R, 4) x0, y0, x1, y1: the box of the landmarks (brows to chin, ear to ear) as it is when
    the face is turned upright around the center of the box."""
    angles_deg: npt.NDArray[np.float32]
    """(R,) how far the face is turned, clockwise in the image; 0: the line from its right eye to
    its left eye points to the right."""
    scores: npt.NDArray[np.float32]
    """(R,) 0 to 1; 1 for regions made by `from_boxes`."""
    keypoints: npt.NDArray[np.float32]
    """(R, 5, 2) right eye, left eye, nose tip, right and left corner of the mouth; NaN for regions
    made by `from_boxes`."""

    def __len__(self) -> int:
        return len(self.boxes)

    @classmethod
    def from_boxes(cls, boxes: npt.ArrayLike, angles_deg: npt.ArrayLike = 0.0) -> Regions:
        """Make regions from boxes that you found yourself.

        Args:
            boxes: (R, 4) x0, y0, x1, y1, or (4,) for one face; see `Regions.boxes`.
            angles_deg: (R,), or one number for all; see `Regions.angles_deg`.

        Raises:
            InvalidInputError: the shapes do not fit, or values are not numbers.
        """
        try:
            rows = np.array(boxes, np.float32).reshape(-1, 4)
            angles = np.array(np.broadcast_to(np.asarray(angles_deg, np.float32), len(rows)))
        except (TypeError, ValueError) as error:
            raise InvalidInputError(
                f"regions cannot be made of these boxes and angles ({error}); expected boxes "
                "(R, 4) of x0, y0, x1, y1 in pixels, and one angle in degrees or one per box"
            ) from error
        keypoints = np.full((len(rows), 5, 2), np.nan, np.float32)
        return cls(rows, angles, np.ones(len(rows), np.float32), keypoints)

    def _to_core(self) -> _core.Regions:
        arrays = (self.boxes, self.angles_deg, self.scores, self.keypoints)
        return _core.Regions(*(np.ascontiguousarray(array, np.float32) for array in arrays))

    @classmethod
    def _from_core(cls, regions: _core.Regions) -> Regions:
        return cls(regions.boxes, regions.angles_deg, regions.scores, regions.keypoints)
