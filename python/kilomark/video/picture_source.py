"""Frames that are single picture files."""

from __future__ import annotations

import glob
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kilomark.errors import InvalidInputError
from kilomark.images import open_photo
from kilomark.video.frames import USUAL_RATE, VideoFrame, VideoSource

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PictureSource", "is_picture_sequence"]

NUMBERED = re.compile(r"%0?\d*d")
PICTURE_SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"}


def is_picture_sequence(source: str) -> bool:
    """Tell whether a source is a folder, a pattern, or a name with a number such as %04d."""
    return Path(source).is_dir() or (
        not Path(source).exists() and bool(glob.has_magic(source) or NUMBERED.search(source))
    )


class PictureSource(VideoSource):
    """Pictures of a folder or a pattern, in the order of the numbers in their names.

    Args:
        source: a folder, a pattern such as ``frames/*.png``, or ``frames/%04d.png``.
        frames_per_second: how fast they follow each other.

    Raises:
        InvalidInputError: there is no picture.
    """

    def __init__(self, source: str, frames_per_second: float = USUAL_RATE) -> None:
        self.name = source
        self.frames_per_second = frames_per_second
        self._paths = sorted(_find(source), key=_natural_order)
        if not self._paths:
            raise InvalidInputError(
                f"{source} holds no pictures; expected files such as .png, .jpg or .webp"
            )
        self.duration_seconds = len(self._paths) / frames_per_second

    def frames(self, start_seconds: float = 0.0) -> Iterator[VideoFrame]:
        """See `VideoSource.frames`."""
        rate = self.frames_per_second or 1.0
        for number, path in enumerate(self._paths):
            if number / rate >= start_seconds - 0.25 / rate:
                rgb = np.asarray(open_photo(path).convert("RGB"))
                yield VideoFrame(np.ascontiguousarray(rgb[..., ::-1]), number / rate)

    def fingerprint(self) -> str:
        """See `VideoSource.fingerprint`."""
        newest = max(path.stat().st_mtime_ns for path in self._paths)
        return f"{self.name} {len(self._paths)} {newest} {self.frames_per_second}"


def _find(source: str) -> list[Path]:
    folder = Path(source)
    if folder.is_dir():
        return [path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES]
    pattern = NUMBERED.sub("[0-9]*", source) if NUMBERED.search(source) else source
    return [Path(path) for path in glob.glob(pattern)]  # noqa: PTH207  # takes absolute patterns


def _natural_order(path: Path) -> list[tuple[int, int, str]]:
    """Order 9.png before 10.png."""
    parts = re.split(r"(\d+)", path.name)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]
