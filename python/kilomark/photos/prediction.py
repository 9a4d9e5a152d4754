"""One photo: find its faces, and write the picture with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kilomark.drawing import DEFAULT_STYLE, draw
from kilomark.errors import InferenceError, InvalidInputError
from kilomark.images import open_photo
from kilomark.photos.report import PhotoReport
from kilomark.picture_file import write_picture

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

    from kilomark.detector import Detector
    from kilomark.drawing import Style

__all__ = ["predict_photo"]


def predict_photo(
    detector: Detector, photo: Path, picture: Path | None = None, *, style: Style = DEFAULT_STYLE
) -> PhotoReport:
    """Find the faces of a photo; an error of the photo becomes part of the report.

    Args:
        detector: finds the faces.
        photo: an image file.
        picture: where to write the photo with its faces drawn; None for nowhere.
        style: of the picture, see `kilomark.draw`.

    Raises:
        InvalidInputError: the picture cannot be written.
    """
    try:
        image = open_photo(photo)
        faces = tuple(detector.predict(image))
    except (InvalidInputError, InferenceError) as error:
        return PhotoReport(photo, error=str(error))
    except MemoryError:
        return PhotoReport(photo, error=f"{photo} does not fit into memory; reduce it")
    if picture is not None:
        labels = [str(number) for number in range(1, len(faces) + 1)] if len(faces) > 1 else None
        _save(draw(image, faces, style=style, labels=labels), picture)
    return PhotoReport(photo, *image.size, faces)


def _save(picture: Image.Image, path: Path) -> None:
    try:
        write_picture(picture, path)
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be written: {error.strerror or error}") from error
