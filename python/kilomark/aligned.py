"""The upright crop of a face."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kilomark import _core
from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.images import ImageLike, to_pixels
from kilomark.options import check_whole

if TYPE_CHECKING:
    from kilomark.faces import Face

__all__ = ["align_face"]

LARGEST_SIZE_PX = 4096


def align_face(
    face: Face, image: ImageLike, size_px: int, *, margin: float = 0.25
) -> npt.NDArray[np.uint8]:
    """Cut a face out upright; see `kilomark.Face.aligned`."""
    check_whole("size_px", size_px, at_most=LARGEST_SIZE_PX)
    if not 0 <= margin <= 4:  # false for NaN
        raise InvalidInputError(f"margin is {excerpt(margin)}; expected a number from 0 to 4")
    if not np.isfinite(face.landmarks).all():
        raise InvalidInputError(
            "the landmarks of this face are not finite, so it cannot be aligned; expected a face "
            "that the landmark network placed"
        )
    pixels = to_pixels(image)
    angle_deg = _roll_deg(face)
    center, side = _square_around(face.landmarks, angle_deg)
    crop = _core.crop(
        pixels.array,
        pixels.format,
        center=center,
        side=(1 + 2 * margin) * side,
        angle_deg=angle_deg,
        size=(size_px, size_px),
        channel_order="bgr",
        mean=[0.0, 0.0, 0.0],
        std=[1.0, 1.0, 1.0],
    )
    upright: npt.NDArray[np.uint8] = np.ascontiguousarray(
        np.clip(np.rint(crop.transpose(1, 2, 0)), 0, 255).astype(np.uint8)
    )
    return upright


def _roll_deg(face: Face) -> float:
    """Angle of the line from the right to the left eye; 0 for a network without eyes."""
    if not {"right_eye", "left_eye"} <= set(face.topology.groups):
        return 0.0
    x, y = face.group("left_eye").mean(axis=0) - face.group("right_eye").mean(axis=0)
    return float(np.degrees(np.arctan2(y, x)))


def _square_around(
    landmarks: npt.NDArray[np.float32], angle_deg: float
) -> tuple[tuple[float, float], float]:
    """Center and side of the turned square that holds the landmarks."""
    angle = np.deg2rad(angle_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    upright = landmarks @ turn
    low, high = upright.min(axis=0), upright.max(axis=0)
    x, y = turn @ ((low + high) / 2)
    return (float(x), float(y)), max(float((high - low).max()), 1.0)
