"""Drawing faces on a photo: contours, landmarks, boxes, labels. Needs Pillow only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from kilomark.canvas import Color, Points, make_canvas
from kilomark.errors import InvalidInputError
from kilomark.images import ImageLike, to_pixels
from kilomark.topology import LandmarkGroup, Topology

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from kilomark.faces import Face

__all__ = ["draw", "group_colors", "to_rgb"]

PART_COLORS: dict[str, Color] = {
    "face_oval": (94, 234, 212),
    "brow": (251, 191, 36),
    "eye": (56, 189, 248),
    "iris": (255, 255, 255),
    "pupil": (255, 255, 255),
    "nose_ridge": (163, 230, 53),
    "nose_wings": (163, 230, 53),
    "outer_lips": (251, 113, 133),
    "inner_lips": (253, 164, 175),
}
BOX_COLOR: Color = (255, 255, 255)
RIM_COLOR: Color = (15, 23, 42)
RIM_OPACITY = 0.45
RIM_RATIO = 2.2
"""Width of the dark rim under a stroke over the stroke's; it keeps strokes legible on skin."""
DOT_RATIO = 1.4


@overload
def draw(
    image: npt.NDArray[Any],
    faces: Iterable[Face],
    *,
    curves: bool = True,
    landmarks: bool = False,
    boxes: bool = True,
    labels: Sequence[str] | None = None,
) -> npt.NDArray[np.uint8]: ...


@overload
def draw(
    image: str | os.PathLike[str] | Image.Image,
    faces: Iterable[Face],
    *,
    curves: bool = True,
    landmarks: bool = False,
    boxes: bool = True,
    labels: Sequence[str] | None = None,
) -> Image.Image: ...


def draw(
    image: ImageLike,
    faces: Iterable[Face],
    *,
    curves: bool = True,
    landmarks: bool = False,
    boxes: bool = True,
    labels: Sequence[str] | None = None,
) -> npt.NDArray[np.uint8] | Image.Image:
    """Draw faces on a copy of an image.

    Args:
        image: what `Detector.predict` takes.
        faces: what it returned for that image.
        curves: whether to draw each landmark group as a curve.
        landmarks: whether to draw each landmark as a dot; best on large faces.
        boxes: whether to draw the boxes.
        labels: a text to put on each face's box, one per face.

    Returns:
        For an array, a new array (H, W, 3) uint8 BGR; for a path or a PIL image, a PIL image RGB.

    Raises:
        InvalidInputError: ``image`` cannot be read, or there are not as many labels as faces.
    """
    faces = list(faces)
    if labels is not None and len(labels) != len(faces):
        raise InvalidInputError(f"{len(labels)} labels for {len(faces)} faces; expected as many")
    picture = to_rgb(image)
    for index, face in enumerate(faces):
        if np.isfinite(face.landmarks).all():
            _draw_marks(picture, face, curves=curves, landmarks=landmarks)
        if boxes:
            _draw_box(picture, face.box, "" if labels is None else labels[index])
    if isinstance(image, np.ndarray):
        return np.ascontiguousarray(np.asarray(picture)[..., ::-1])
    return picture


def to_rgb(image: ImageLike) -> Image.Image:
    """Copy an image of any supported kind into a PIL image of mode RGB.

    Raises:
        InvalidInputError: ``image`` cannot be read.
    """
    pixels = to_pixels(image)
    if pixels.format == "gray":
        return Image.fromarray(pixels.array.reshape(pixels.height, pixels.width)).convert("RGB")
    color = pixels.array[..., :3] if pixels.format.startswith("rgb") else pixels.array[..., 2::-1]
    return Image.fromarray(np.ascontiguousarray(color))


def group_colors(topology: Topology) -> dict[str, Color]:
    """The color of each landmark group; the two sides of a face share theirs."""
    spare = list(dict.fromkeys(PART_COLORS.values()))
    parts = list(dict.fromkeys(_part(name) for name in topology.groups))
    colors = {
        part: PART_COLORS.get(part, spare[index % len(spare)]) for index, part in enumerate(parts)
    }
    return {name: colors[_part(name)] for name in topology.groups}


def _part(group_name: str) -> str:
    return group_name.removeprefix("left_").removeprefix("right_")


def _draw_marks(picture: Image.Image, face: Face, *, curves: bool, landmarks: bool) -> None:
    size = min(float(np.ptp(face.landmarks, axis=0).max()), float(max(picture.size)))
    width_px = max(1.0, 0.006 * size)
    whole = LandmarkGroup("landmarks", 0, face.topology.num_landmarks, closed=None)
    groups = list(face.topology.groups.values()) or [whole]
    colors = group_colors(face.topology)
    for dots in [False] * curves + [True] * landmarks:
        for group in groups:  # all the rims first, so that none covers a neighbor's stroke
            points = face.landmarks[group.indices]
            _draw_group(picture, points, group.closed, width_px, None, dots=dots)
        for group in groups:
            points, color = face.landmarks[group.indices], colors.get(group.name, BOX_COLOR)
            _draw_group(picture, points, group.closed, width_px, color, dots=dots)


def _draw_group(
    picture: Image.Image,
    points: Points,
    closed: bool | None,
    width_px: float,
    color: Color | None,
    *,
    dots: bool,
) -> None:
    """Draw the strokes of one group, or their dark rims where ``color`` is None."""
    width_px *= 1.0 if color else RIM_RATIO
    canvas = make_canvas(picture, points, margin_px=2 * width_px)
    if canvas is None:
        return
    mask = canvas.mask()
    if dots or closed is None:
        canvas.add_dots(mask, points, width_px=DOT_RATIO * width_px)
    else:
        canvas.add_curve(mask, points, closed=closed, width_px=width_px)
    canvas.paint(mask, color or RIM_COLOR, opacity=1.0 if color else RIM_OPACITY)


def _draw_box(picture: Image.Image, box: Points, label: str) -> None:
    size = min(float((box[2:] - box[:2]).max()), float(max(picture.size)))
    width_px = max(1.0, 0.008 * size, max(picture.size) / 1200)
    corners = box.reshape(2, 2)
    canvas = make_canvas(picture, corners, margin_px=2 * width_px)
    if canvas is None:
        return
    for color, opacity, width in (
        (RIM_COLOR, RIM_OPACITY, RIM_RATIO * width_px),
        (BOX_COLOR, 1.0, width_px),
    ):
        mask = canvas.mask()
        outer = corners + np.array([[-width / 2], [width / 2]])
        canvas.add_rectangle(mask, outer, radius_px=0.04 * size, width_px=width)
        canvas.paint(mask, color, opacity=opacity)
    if label:
        _draw_label(picture, box, label, size)


def _draw_label(picture: Image.Image, box: Points, label: str, box_size: float) -> None:
    """Put a text on the upper edge of a box, or where the picture has room for it."""
    font_px = max(11.0, 0.08 * box_size, max(picture.size) / 80)
    font = ImageFont.load_default(font_px)
    pad = 0.3 * font_px
    left, top, right, bottom = font.getbbox(label)
    width, height = right - left + 2 * pad, bottom - top + 2 * pad
    x = min(max(float(box[0]), 0.0), max(picture.width - width, 0.0))
    y = min(max(float(box[1]) - height - pad, 0.0), max(picture.height - height, 0.0))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((x, y, x + width, y + height), radius=pad, fill=RIM_COLOR)
    draw.text((x + pad - left, y + pad - top), label, fill=BOX_COLOR, font=font)
