"""Photos with ``.pts`` files, as 300-W has, brought into the contest's layout."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.contest.columns import landmark_columns
from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.topology import LandmarkGroup, Topology
from kilomark.topology_file import write_topology

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["TOPOLOGY_68", "PtsReport", "convert_pts", "read_pts"]

Array = np.ndarray[Any, Any]

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".JPG", ".JPEG", ".PNG")
_GROUPS_68 = (
    ("jaw", 0, 17, False),
    ("right_brow", 17, 5, False),
    ("left_brow", 22, 5, False),
    ("nose_ridge", 27, 4, False),
    ("nose_wings", 31, 5, False),
    ("right_eye", 36, 6, True),
    ("left_eye", 42, 6, True),
    ("outer_lips", 48, 12, True),
    ("inner_lips", 60, 8, True),
)
_MIRROR_68 = (
    *range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31,
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
    54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65,
)  # fmt: skip

TOPOLOGY_68 = Topology(
    68,
    {name: LandmarkGroup(name, start, count, closed) for name, start, count, closed in _GROUPS_68},
    np.array(_MIRROR_68, np.intp),
)
"""The 68 landmarks of iBUG / 300-W."""


@dataclass(frozen=True, slots=True)
class PtsReport:
    """What was converted.

    Attributes:
        num_photos: photos with landmarks.
        num_landmarks: of each.
        num_without: photos without a ``.pts`` file, which are left out.
    """

    num_photos: int
    num_landmarks: int
    num_without: int


def read_pts(path: Path) -> Array:
    """Read the landmarks (K, 2) of a ``.pts`` file, in pixels from the photo's top-left corner.

    The file counts pixels from 1 at their centers; kilomark counts from 0 at the first pixel's
    edge. So half a pixel is taken off.

    Raises:
        InvalidInputError: the file is damaged, or its ``n_points`` is not the number of its lines.
    """
    try:
        head, _, rest = path.read_text(encoding="utf-8").partition("{")
        lines = rest.partition("}")[0].split("\n")
        points = np.array(
            [[float(number) for number in line.split()] for line in lines if line.strip()]
        )
        wanted = [line.split(":")[1] for line in head.splitlines() if line.startswith("n_points")]
        count = int(wanted[0]) if wanted else len(points)
    except (OSError, ValueError, IndexError) as error:
        raise InvalidInputError(
            f"{path} is not a .pts file ({type(error).__name__}: {excerpt(str(error))}); expected "
            "'n_points: K', then K lines 'x y' between braces"
        ) from error
    if points.shape != (count, 2) or count == 0 or not np.isfinite(points).all():
        lost = int((~np.isfinite(points)).sum())
        raise InvalidInputError(
            f"{path} says {count} points and holds an array of {points.shape}, {lost} of its "
            f"numbers not finite; expected {count} lines 'x y' of finite numbers"
        )
    return points - 0.5


def convert_pts(photos: Path, out: Path) -> PtsReport:
    """Write a folder of photos with ``.pts`` files beside them as a data set.

    ``out`` gets ``train/images``, ``train/landmarks.csv`` and, for 68 landmarks, ``topology.json``.
    Everything is read before anything is written.

    Args:
        photos: folder; its subfolders count as well.
        out: new or empty folder.

    Raises:
        InvalidInputError: there is no ``.pts`` file, one is damaged or has no photo, they have
            different numbers of points, or ``out`` holds something.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InvalidInputError(f"{out} holds something; expected a new or empty folder")
    pairs = _pairs(photos)
    shapes = [read_pts(pts) for _, pts in pairs]
    counts = {len(shape): pts for shape, (_, pts) in zip(shapes, pairs, strict=True)}
    if len(counts) > 1:
        found = ", ".join(f"{count} in {path}" for count, path in counts.items())
        raise InvalidInputError(
            f"the .pts files have different numbers of points ({found}); expected one number: move "
            "the others away"
        )
    (count,) = counts
    _write(out, photos, [photo for photo, _ in pairs], shapes)
    if count == TOPOLOGY_68.num_landmarks:
        write_topology(out / "topology.json", TOPOLOGY_68)
    with_points = {photo for photo, _ in pairs}
    others = sum(path.suffix in PHOTO_SUFFIXES for path in photos.rglob("*")) - len(with_points)
    return PtsReport(len(pairs), count, others)


def _pairs(photos: Path) -> list[tuple[Path, Path]]:
    """Photos and their ``.pts`` files, by name."""
    files = sorted(photos.rglob("*.pts"))
    if not files:
        raise InvalidInputError(
            f"no .pts file in {photos}; expected photos and files of the same names, such as "
            "one.jpg and one.pts"
        )
    pairs = []
    for pts in files:
        found = [path for suffix in PHOTO_SUFFIXES if (path := pts.with_suffix(suffix)).is_file()]
        if not found:
            raise InvalidInputError(
                f"{pts} has no photo; expected one of {', '.join(PHOTO_SUFFIXES[:3])} beside it"
            )
        pairs.append((found[0], pts))
    return pairs


def _write(out: Path, photos: Path, paths: list[Path], shapes: list[Array]) -> None:
    images = out / "train" / "images"
    names = [path.relative_to(photos).as_posix() for path in paths]
    for name, path in zip(names, paths, strict=True):
        (images / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, images / name)
    lines = ["\t".join(["file_name", *landmark_columns(len(shapes[0]))])]
    for name, shape in zip(names, shapes, strict=True):
        lines.append("\t".join([name, *(f"{value:.3f}" for value in shape.ravel())]))
    (out / "train" / "landmarks.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
