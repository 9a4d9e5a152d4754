"""Labeling a folder of photos, one after the other."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from kilomark.errors import InvalidInputError
from kilomark.images import open_photo

from .data_set import CropRule, DataSetWriter, crop_face
from .views import NoLabelError, label_photo

if TYPE_CHECKING:
    from pathlib import Path

    from .views import Labeler

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")


@dataclass(frozen=True, slots=True)
class Rules:
    """What is labeled and what is written.

    Attributes:
        largest_spread: of the views, as a share of the face's size; above it a photo is dropped.
        crop: what is kept of a photo.
        folders_are_persons: whether each folder shows one person, which a column then says.
    """

    largest_spread: float = 0.03
    crop: CropRule = field(default_factory=CropRule)
    folders_are_persons: bool = False


def list_photos(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in PHOTO_SUFFIXES)


def label_folder(photos: Path, out: Path, labeler: Labeler, rules: Rules) -> tuple[int, int]:
    """Label the photos of a folder; how many got a label, and how many there are.

    Raises:
        FileExistsError: ``out`` holds something.
    """
    paths = list_photos(photos)
    labeled = 0
    writer = DataSetWriter(out, len(labeler.mirror), with_persons=rules.folders_are_persons)
    with closing(writer):
        for number, path in enumerate(paths, start=1):
            name = path.relative_to(photos).as_posix()
            try:
                photo = np.array(open_photo(path).convert("RGB"), np.uint8)
                label = label_photo(photo, labeler, largest_spread=rules.largest_spread)
            except (InvalidInputError, NoLabelError) as error:
                writer.drop(name, str(error))
            else:
                crop, landmarks = crop_face(photo, label.landmarks, rules.crop)
                writer.add(name, path.parent.name, crop, landmarks, label)
                labeled += 1
            _show_progress(number, len(paths))
    return labeled, len(paths)


def _show_progress(done: int, total: int) -> None:
    if sys.stderr.isatty() or done == total or done % 100 == 0:
        end = "\n" if done == total or not sys.stderr.isatty() else "\r"
        print(f"{done} of {total} photos", end=end, file=sys.stderr, flush=True)
