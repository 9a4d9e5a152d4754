"""A data set in the contest's layout, written photo by photo."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from kilomark.contest.columns import PERSON_COLUMN, landmark_columns

if TYPE_CHECKING:
    from pathlib import Path

    from .views import Image, Label, Landmarks

JPEG_QUALITY = 95


@dataclass(frozen=True, slots=True)
class CropRule:
    """What is kept of a photo.

    Attributes:
        scale: side of the square around the face over the longer side of its landmarks' box.
        longest_px: larger crops are shrunk to this.
    """

    scale: float = 1.6
    longest_px: int = 256


def crop_face(photo: Image, landmarks: Landmarks, rule: CropRule) -> tuple[Image, Landmarks]:
    """Cut the face out; the crop ends where the photo does, so it need not be square."""
    low, high = landmarks.min(0), landmarks.max(0)
    half = rule.scale * (high - low).max() / 2
    size = np.array(photo.shape[1::-1])
    x0, y0 = np.clip(np.floor((low + high) / 2 - half), 0, size - 1).astype(int)
    x1, y1 = np.clip(np.ceil((low + high) / 2 + half), (x0 + 1, y0 + 1), size).astype(int)
    crop, moved = photo[y0:y1, x0:x1], landmarks - (x0, y0)
    shrink = rule.longest_px / max(crop.shape[:2])
    if shrink >= 1:
        return crop, moved
    small = np.maximum(np.round(np.array(crop.shape[1::-1]) * shrink), 1).astype(int)
    moved = moved * small / crop.shape[1::-1]
    resized = cv2.resize(crop, small.tolist(), interpolation=cv2.INTER_AREA)
    return np.asarray(resized, np.uint8), moved


class DataSetWriter:
    """Writes ``train/images``, ``train/landmarks.csv`` and ``report.csv``; to be closed.

    Args:
        folder: new or empty.
        num_landmarks: K.
        with_persons: whether a column ``person`` says who is shown.

    Raises:
        FileExistsError: the folder holds something.
    """

    def __init__(self, folder: Path, num_landmarks: int, *, with_persons: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise FileExistsError(f"{folder} is not empty: name a new folder")
        self._images = folder / "train" / "images"
        self._images.mkdir(parents=True)
        self._table = (folder / "train" / "landmarks.csv").open("w", newline="", encoding="utf-8")
        self._report = (folder / "report.csv").open("w", newline="", encoding="utf-8")
        self._report_rows = csv.writer(self._report)
        self._report_rows.writerow(["photo", "file_name", "spread_percent", "views", "dropped"])
        self._with_persons = with_persons
        self._num_labeled = 0
        persons = [PERSON_COLUMN] if with_persons else []
        self._write_row(["file_name", *persons, *landmark_columns(num_landmarks)])

    def close(self) -> None:
        self._table.close()
        self._report.close()

    def add(
        self, photo_name: str, person: str, crop: Image, landmarks: Landmarks, label: Label
    ) -> None:
        """Write one labeled crop; crops are numbered, since photos may share their names."""
        file_name = f"{self._num_labeled:06d}.jpg"
        self._num_labeled += 1
        bgr = np.ascontiguousarray(crop[..., ::-1])
        quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        if not cv2.imwrite(str(self._images / file_name), bgr, quality):
            raise OSError(f"{self._images / file_name} cannot be written: is the disk full?")
        persons = [person] if self._with_persons else []
        self._write_row([file_name, *persons, *(f"{value:.2f}" for value in landmarks.ravel())])
        spread = f"{100 * label.spread:.2f}"
        self._report_rows.writerow([photo_name, file_name, spread, label.num_views, ""])

    def drop(self, photo_name: str, reason: str) -> None:
        """List a photo that gets no label."""
        self._report_rows.writerow([photo_name, "", "", "", reason])

    def _write_row(self, cells: list[str]) -> None:
        self._table.write("\t".join(cells) + "\n")
