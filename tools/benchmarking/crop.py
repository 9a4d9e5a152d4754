"""Section: one crop out of a large frame, against OpenCV and numpy."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import numpy.typing as npt

from kilomark import _core
from kilomark.manifest import read_landmark_bundle

from .photos import face_box, frame
from .results import Section
from .rivals import opencv_crop
from .timing import Call, alternate

SIZE = 128
CASES = ((128, 0.0), (256, 0.0), (256, 10.0), (512, 10.0))
"""Side of the crop in the frame, and how far the face is turned; kilomark averages all the pixels
of a large crop, OpenCV reads four for each pixel of the result."""


def measure(*, rounds: int) -> Section:
    section = Section(
        "crop and normalize",
        f"(3, {SIZE}, {SIZE}) float32 out of a 1920x1080 BGR frame, one thread",
    )
    image = frame(1920, 1080)
    x0, y0, x1, y1 = face_box(1920, 1080)
    center = ((x0 + x1) / 2, (y0 + y1) / 2)
    given = read_landmark_bundle("lite").input
    crop = partial(
        _core.crop,
        image,
        "bgr",
        center=center,
        size=(SIZE, SIZE),
        channel_order=given.channel_order,
        mean=given.mean,
        std=given.std,
    )
    for side, angle_deg in CASES:
        what = f"{side} px, turned {angle_deg:g} deg"
        ours, rival = f"kilomark, {what}", f"OpenCV + numpy, {what}"
        calls: dict[str, Call] = {ours: partial(crop, side=side, angle_deg=angle_deg)}
        with section.rival(rival):
            matrix = crop_to_frame(center, side, size=SIZE, angle_deg=angle_deg)
            calls[rival] = opencv_crop(image, matrix, SIZE)
        timings = alternate(calls, rounds=rounds)
        section.add_timings(timings)
        section.hold_to(f"crop / OpenCV + numpy, {what}", timings, ours, rival, limit=0.25)
    return section


def crop_to_frame(
    center: tuple[float, float], side: float, *, size: int, angle_deg: float
) -> npt.NDArray[np.float64]:
    """(2, 3) matrix in OpenCV's rule, by which the center of pixel i is at i, not at i + 0.5."""
    scale = side / size
    turn = math.radians(angle_deg)
    linear = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    middle = (size - 1) / 2
    shift = np.array(center) - 0.5 - linear @ (middle, middle)
    return np.column_stack([linear, shift])
