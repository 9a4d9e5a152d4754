"""Data sets that researchers have at home, read into one form: photos with labeled faces.

| layout | what is read |
|---|---|
| ``pts`` | a folder of photos, each with a ``.pts`` file beside it (AFW, Helen, LFPW, iBUG) |
| ``wflw`` | ``list_98pt_rect_attr_*.txt``: 196 coordinates, 4 of a box, 6 flags, the photo's name |
| ``cofw`` | a list with the photo's name and 29 points, x y each, then 29 occlusion flags if any |
| ``wider`` | ``wider_face_*_bbx_gt.txt``: a name, a count, then x y w h and flags for each face |
| ``coco`` | a JSON file with ``images`` and ``annotations`` (``bbox``, ``iscrowd``) |
"""

from __future__ import annotations

import json
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.contest.pts import read_pts
from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["LAYOUTS", "LabeledPhoto", "read_data"]

Array = np.ndarray[Any, Any]
PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png")
_WFLW_FIELDS = 196 + 4 + 6 + 1
_COFW_POINTS = 29
_WIDER_INVALID = 7  # place of the flag in a line


@dataclass(frozen=True, slots=True, eq=False)
class LabeledPhoto:
    """A photo and its labeled faces.

    Attributes:
        path: of the photo.
        boxes: (F, 4) x0, y0, x1, y1 pixels.
        points: (F, P, 2) pixels, or None where only boxes are labeled.
        ignored: (F,) bool: neither found nor false.
    """

    path: Path
    boxes: Array
    points: Array | None = None
    ignored: Array = field(default_factory=lambda: np.zeros(0, bool))


def read_data(
    data: Path, layout: str | None = None, photos: Path | None = None
) -> list[LabeledPhoto]:
    """Read a data set.

    Args:
        data: a folder of ``.pts`` files, or a list or JSON file.
        layout: one of `LAYOUTS`; by default it is told by the file's name and content.
        photos: folder that names in a list are relative to; the list's own by default.

    Raises:
        InvalidInputError: the layout is not known, the data is not in it, or it holds no photo.
    """
    kind = layout or guess_layout(data)
    if kind not in LAYOUTS:
        raise InvalidInputError(f"the layout is {kind!r}; expected one of {', '.join(LAYOUTS)}")
    found = LAYOUTS[kind](data, photos or data.parent)
    missing = [photo.path for photo in found if not photo.path.is_file()]
    if missing:
        raise InvalidInputError(
            f"{len(missing)} of {len(found)} photos are missing (first: {missing[0]}); expected "
            "them below --photos"
        )
    if not found:
        raise InvalidInputError(f"no labeled photo in {data}; expected the layout {kind!r}")
    return found


def guess_layout(data: Path) -> str:
    """Tell the layout of a data set by its path, and by the first line of a list."""
    if data.is_dir():
        return "pts"
    if data.suffix == ".json":
        return "coco"
    if not data.is_file():
        raise InvalidInputError(f"{data} is not there; expected a folder, a list or a JSON file")
    with data.open() as file:
        first = file.readline().split()
    if len(first) == _WFLW_FIELDS:
        return "wflw"
    return "cofw" if len(first) > 2 * _COFW_POINTS else "wider"


def _read_pts_folder(data: Path, photos: Path) -> list[LabeledPhoto]:
    del photos
    found = []
    for path in sorted(data.rglob("*.pts")):
        photo = next(
            (p for s in PHOTO_SUFFIXES if (p := path.with_suffix(s)).is_file()),
            path.with_suffix(PHOTO_SUFFIXES[0]),
        )
        points = read_pts(path)[None]
        found.append(LabeledPhoto(photo, _boxes_of(points), points, np.zeros(1, bool)))
    return found


def _read_wflw(data: Path, photos: Path) -> list[LabeledPhoto]:
    faces: dict[str, list[Array]] = {}
    for place, line in _lines(data):
        with _expecting("196 coordinates, 10 more numbers and a name", place, line):
            *numbers, name = line.split()
            points = np.array(numbers[:196], float).reshape(98, 2) + 0.5
        faces.setdefault(name, []).append(points)
    return [_photo_of(photos / name, points) for name, points in faces.items()]


def _read_cofw(data: Path, photos: Path) -> list[LabeledPhoto]:
    faces: dict[str, list[Array]] = {}
    for place, line in _lines(data):
        with _expecting(f"a name and {2 * _COFW_POINTS} coordinates", place, line):
            name, *numbers = line.split()
            points = np.array(numbers[: 2 * _COFW_POINTS], float).reshape(_COFW_POINTS, 2) + 0.5
        faces.setdefault(name, []).append(points)
    return [_photo_of(photos / name, points) for name, points in faces.items()]


def _lines(data: Path) -> Iterator[tuple[str, str]]:
    """The lines of a list that are not blank, each with its file and number."""
    for number, line in enumerate(data.read_text(errors="replace").splitlines(), 1):
        if line.strip():
            yield f"{data}:{number}", line


@contextmanager
def _expecting(expected: str, place: str, line: str) -> Iterator[None]:
    """Say where a list is not in its layout."""
    try:
        yield
    except ValueError as error:
        raise InvalidInputError(f"{place} holds {excerpt(line)}; expected {expected}") from error


def _photo_of(path: Path, points: list[Array]) -> LabeledPhoto:
    stacked = np.stack(points)
    return LabeledPhoto(path, _boxes_of(stacked), stacked, np.zeros(len(points), bool))


def _read_wider(data: Path, photos: Path) -> list[LabeledPhoto]:
    lines = deque(_lines(data))
    found = []
    while lines:
        _, name = lines.popleft()
        place, line = lines.popleft() if lines else (str(data), "no line after the last name")
        with _expecting("the number of faces", place, line):
            count = int(line)
        rows = [_wider_row(*lines.popleft()) for _ in range(min(count, len(lines)))]
        if len(rows) < count:
            raise InvalidInputError(f"{place}: {len(rows)} of {count} faces follow in {data}")
        if count == 0 and lines and _is_wider_row(lines[0][1]):
            lines.popleft()  # WIDER FACE writes zeros where a photo has no face
        found.append(_wider_photo(photos / name.strip(), rows))
    return found


def _wider_row(place: str, line: str) -> tuple[list[float], bool]:
    """The numbers x, y, width and height, and whether the face is marked as invalid."""
    fields = line.split()
    with _expecting("x y width height and flags", place, line):
        x, y, width, height = (float(number) for number in fields[:4])
    return [x, y, width, height], fields[_WIDER_INVALID : _WIDER_INVALID + 1] == ["1"]


def _is_wider_row(line: str) -> bool:
    return len(line.split()) >= 4 and all(field.isdigit() for field in line.split())


def _wider_photo(path: Path, rows: list[tuple[list[float], bool]]) -> LabeledPhoto:
    numbers = np.array([row for row, _ in rows]).reshape(len(rows), 4)
    boxes = np.concatenate([numbers[:, :2], numbers[:, :2] + numbers[:, 2:]], 1)
    invalid = np.array([is_invalid for _, is_invalid in rows], bool)
    return LabeledPhoto(path, boxes, None, invalid | (numbers[:, 2:] <= 0).any(1))


def _read_coco(data: Path, photos: Path) -> list[LabeledPhoto]:
    try:
        return _coco_photos(json.loads(data.read_text()), photos)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInputError(
            f"{data} is not in the layout of COCO: {type(error).__name__}: {error}; expected "
            "'images' with 'id' and 'file_name', and 'annotations' with 'image_id' and 'bbox'"
        ) from error


def _coco_photos(raw: dict[str, Any], photos: Path) -> list[LabeledPhoto]:
    by_image: dict[int, list[dict[str, Any]]] = {}
    for annotation in raw["annotations"]:
        by_image.setdefault(annotation["image_id"], []).append(annotation)
    found = []
    for image in raw["images"]:
        faces = by_image.get(image["id"], [])
        sizes = np.array([face["bbox"] for face in faces], float).reshape(-1, 4)
        boxes = np.concatenate([sizes[:, :2], sizes[:, :2] + sizes[:, 2:]], 1)
        crowd = np.array([bool(face.get("iscrowd", 0)) for face in faces], bool)
        found.append(LabeledPhoto(photos / image["file_name"], boxes, None, crowd))
    return found


def _boxes_of(points: Array) -> Array:
    return np.concatenate([points.min(1), points.max(1)], 1)


LAYOUTS = {
    "pts": _read_pts_folder,
    "wflw": _read_wflw,
    "cofw": _read_cofw,
    "wider": _read_wider,
    "coco": _read_coco,
}
