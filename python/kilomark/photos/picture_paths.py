"""Where `kilomark predict` writes, chosen so that no photo is ever overwritten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kilomark.errors import InvalidInputError
from kilomark.picture_file import PICTURE_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["choose_outputs"]


def choose_outputs(photos: Sequence[Path], output: Path | None) -> list[Path | None]:
    """Choose a path for each photo's picture, and make the folder they go to.

    Args:
        photos: the photos to be processed.
        output: a picture, if there is one photo; otherwise a folder; None for no pictures.

    Raises:
        InvalidInputError: several photos and a file, a picture of unknown type, a picture that
            would overwrite a photo, or a folder that cannot be made or read.
    """
    try:
        return _choose_outputs(photos, output)
    except OSError as error:  # the first look at a folder without permission
        raise InvalidInputError(f"-o {output} cannot be used: {error.strerror}") from error


def _choose_outputs(photos: Sequence[Path], output: Path | None) -> list[Path | None]:
    if output is None:
        return [None] * len(photos)
    if output.suffix.lower() in PICTURE_SUFFIXES and not output.is_dir():
        if len(photos) > 1:
            raise InvalidInputError(
                f"-o {output} is one picture for {len(photos)} photos; name a folder instead"
            )
        pictures = [output]
    elif output.suffix and not output.is_dir():
        raise InvalidInputError(
            f"-o {output}: no picture of type {output.suffix} can be written; expected a folder or "
            f"one of {', '.join(PICTURE_SUFFIXES)}"
        )
    else:
        pictures = _name_in_folder(photos, output)
    _check_overwrites_nothing(photos, pictures)
    _make_folder(pictures[0].parent)
    return list(pictures)


def _name_in_folder(photos: Sequence[Path], folder: Path) -> list[Path]:
    """Name the pictures as their photos, those of like name numbered.

    The first photo of a name keeps it. A number is not used where another photo has that name.
    """
    wanted = [_picture_name(photo) for photo in photos]
    taken = set(wanted)
    counts: dict[tuple[str, str], int] = {}
    pictures = []
    for stem, suffix in wanted:
        number = counts.get((stem, suffix), 0) + 1
        name = (stem, suffix)
        while number > 1 and name in taken:
            name = (f"{stem}-{number}", suffix)
            number += name in taken
        taken.add(name)
        counts[stem, suffix] = number
        pictures.append(folder / "".join(name))
    return pictures


def _picture_name(photo: Path) -> tuple[str, str]:
    return photo.stem, photo.suffix if photo.suffix.lower() in PICTURE_SUFFIXES else ".png"


def _check_overwrites_nothing(photos: Sequence[Path], pictures: Sequence[Path]) -> None:
    originals = {photo.resolve() for photo in photos}
    for picture in pictures:
        if picture.resolve() in originals:
            raise InvalidInputError(f"-o would overwrite the photo {picture}; write elsewhere")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInputError(f"the folder {folder} cannot be made: {error.strerror}") from error
