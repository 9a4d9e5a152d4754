"""Drawing faces on whole images, and showing them in notebooks."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast, overload

import numpy as np
import numpy.typing as npt
from PIL import Image

from kilomark.drawing.canvas import Canvas
from kilomark.drawing.styles import DEFAULT_STYLE, Style, parse_style
from kilomark.drawing.text_layers import Labels
from kilomark.errors import InvalidInputError
from kilomark.excerpts import cut_text
from kilomark.images import ImageLike, to_pixels

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from kilomark.faces import Face

__all__ = ["Picture", "draw", "show", "to_rgb"]


@overload
def draw(
    image: npt.NDArray[Any],
    faces: Iterable[Face],
    *,
    style: Style = DEFAULT_STYLE,
    labels: Sequence[str] | None = None,
    in_place: bool = False,
    rgb: bool = False,
    mirror: bool = False,
) -> npt.NDArray[np.uint8]: ...


@overload
def draw(
    image: str | os.PathLike[str] | Image.Image,
    faces: Iterable[Face],
    *,
    style: Style = DEFAULT_STYLE,
    labels: Sequence[str] | None = None,
    in_place: bool = False,
    rgb: bool = False,
    mirror: bool = False,
) -> Image.Image: ...


def draw(
    image: ImageLike,
    faces: Iterable[Face],
    *,
    style: Style = DEFAULT_STYLE,
    labels: Sequence[str] | None = None,
    in_place: bool = False,
    rgb: bool = False,
    mirror: bool = False,
) -> npt.NDArray[np.uint8] | Image.Image:
    """Draw faces on an image.

    Args:
        image: what `Detector.predict` takes, but not in memory of a GPU.
        faces: what it returned for that image, or what `Tracker.update` returned.
        style: names from `STYLES` joined by ``+``, such as ``"contours+ids"``; or layers.
        labels: a text to write above each face, one for each.
        in_place: draw on the array itself. It must be uint8 (H, W), (H, W, 3) or (H, W, 4),
            writable, the pixels of a row side by side.
        rgb: whether an array has its channels in the order RGB or RGBA, not BGR or BGRA.
        mirror: flip the picture from left to right. Texts stay readable.

    Returns:
        For an array, an array (H, W, 3) uint8 in the order of ``image``: a new one, or ``image``
        itself if ``in_place``. For anything else, a new PIL image RGB.

    Raises:
        InvalidInputError: ``image`` cannot be read or drawn on, a style is unknown, or there are
            not as many labels as faces.
    """
    faces = list(faces)
    if labels is not None and len(labels) != len(faces):
        raise InvalidInputError(f"{len(labels)} labels for {len(faces)} faces; expected as many")
    layers = parse_style(style) + ([Labels(labels)] if labels is not None else [])
    is_array = isinstance(image, np.ndarray)
    rgb = rgb or not is_array
    pixels = _own_pixels(image) if in_place else _copied(image)
    if mirror:
        pixels[:] = pixels[:, ::-1].copy()
    canvas = Canvas(pixels, rgb=rgb, is_mirrored=mirror)
    for number, face in enumerate(faces):
        for layer in layers:
            layer.draw(canvas, face, number)
    canvas.flush()
    if in_place:
        return cast("npt.NDArray[np.uint8]", image)
    return pixels if is_array else Image.fromarray(pixels)


def _own_pixels(image: ImageLike) -> npt.NDArray[np.uint8]:
    """View an array as (H, W, C), to draw on."""
    if not isinstance(image, np.ndarray):
        raise InvalidInputError(
            f"in_place for a {type(image).__name__}; expected an array. Take the picture that draw "
            "returns instead"
        )
    shown = (
        f"an array of {cut_text(str(image.dtype))}, shape {image.shape}, strides {image.strides}"
    )
    pixels = image.reshape(*image.shape, 1) if image.ndim == 2 else image  # a view
    fits = image.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] in (1, 3, 4)
    if not fits or not image.flags.writeable or pixels.strides[1:] != (pixels.shape[2], 1):
        raise InvalidInputError(
            f"cannot draw in place on {shown}, writable: {image.flags.writeable}; expected a "
            "writable uint8 array (H, W), (H, W, 3) or (H, W, 4) whose pixels lie side by side; "
            "draw on a copy: draw(image, faces)"
        )
    return cast("npt.NDArray[np.uint8]", pixels)


def _copied(image: ImageLike) -> npt.NDArray[np.uint8]:
    """Copy the image: an array as (H, W, 3) in its own order, anything else as RGB."""
    pixels = to_pixels(image)
    array = pixels.array
    if pixels.format == "gray":
        return np.repeat(array.reshape(pixels.height, pixels.width, 1), 3, axis=2)
    color = array[..., :3]
    if isinstance(image, np.ndarray) or pixels.format.startswith("rgb"):
        return np.array(color, order="C")
    return np.array(color[..., ::-1], order="C")


def to_rgb(image: ImageLike) -> Image.Image:
    """Copy an image of any supported kind into a PIL image of mode RGB.

    Raises:
        InvalidInputError: ``image`` cannot be read.
    """
    pixels = _copied(image)
    return Image.fromarray(
        np.ascontiguousarray(pixels[..., ::-1]) if isinstance(image, np.ndarray) else pixels
    )


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture that a notebook shows when it is the value of a cell."""

    image: Image.Image = field(repr=False)

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.image.save(stream, "PNG")
        return stream.getvalue()


def show(
    image: ImageLike,
    faces: Iterable[Face],
    *,
    style: Style = DEFAULT_STYLE,
    labels: Sequence[str] | None = None,
    longest_px: int = 960,
) -> Picture:
    """Draw faces on an image for a notebook: ``kilomark.show("photo.jpg", faces)``.

    Args:
        image: as for `draw`.
        faces: as for `draw`.
        style: as for `draw`.
        labels: as for `draw`.
        longest_px: larger pictures are reduced to this width or height.

    Returns:
        A `Picture`, which Jupyter and IPython show; its ``image`` is a PIL image.

    Raises:
        InvalidInputError: as for `draw`.
    """
    drawn = draw(to_rgb(image), faces, style=style, labels=labels)
    drawn.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS)
    return Picture(drawn)
