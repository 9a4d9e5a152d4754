"""The rows that sinks write: one for each face, and one for an image that has none."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kilomark.faces import Face

__all__ = ["Extra", "FaceRow", "make_rows", "shown_path"]

Extra = int | float | str | bool | None
"""A value of a column that a caller adds, such as a frame number."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceRow:
    """One face of an image; or an image without faces; or an image that could not be read.

    Every image has at least one row. ``face`` is None in the row of an image without faces and in
    that of an image that could not be read; only the latter has an ``error``.
    """

    path: str
    """The image's path, or another name of it that the caller chose."""
    width: int | None = None
    """Width of the upright image in pixels."""
    height: int | None = None
    """Height of the upright image in pixels."""
    face_index: int | None = None
    """0 for the face with the highest score of its image."""
    face: Face | None = None
    error: str | None = None
    """Why the image could not be read."""
    extra: Mapping[str, Extra] = field(default_factory=dict)
    """Values of the columns that the sink was opened with as ``extra``."""


def make_rows(
    path: str | os.PathLike[str],
    faces: Sequence[Face] | Exception,
    *,
    size: tuple[int, int] | None = None,
    extra: Mapping[str, Extra] | None = None,
    extra_per_face: Sequence[Mapping[str, Extra]] | None = None,
) -> list[FaceRow]:
    """Make the rows of one image.

    Args:
        path: the image's path or name.
        faces: its faces in their order, or the error that it gave instead.
        size: width and height of the upright image in pixels, where known.
        extra: further values that all rows of the image share, such as ``{"frame": 7}``.
        extra_per_face: further values of each face, such as ``[{"track": 1}, {"track": 4}]``.

    Returns:
        One row for each face, or a single row for an image without faces or with an error.
    """
    width, height = size or (None, None)
    shared = dict(extra or {})
    shown = shown_path(path)
    if isinstance(faces, Exception):
        return [FaceRow(shown, width, height, error=str(faces), extra=shared)]
    if not faces:
        return [FaceRow(shown, width, height, extra=shared)]
    per_face = extra_per_face or [{}] * len(faces)
    return [
        FaceRow(shown, width, height, index, face, None, {**shared, **added})
        for index, (face, added) in enumerate(zip(faces, per_face, strict=True))
    ]


def shown_path(path: str | os.PathLike[str]) -> str:
    """Return a path as valid Unicode; bytes that are not UTF-8 are escaped as hexadecimal."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
