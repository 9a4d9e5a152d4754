"""The data set of scenes: photos with one labeled face, and photos without any."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.data.label_arrays import read_label_arrays, rows_of_split
from kilomark.data.packed_images import PackedImages, read_packed_images, rows_of
from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kilomark.data.face_crops import Split

__all__ = ["Scenes", "boxes_of_scenes", "read_backgrounds", "read_boxes_by_photo", "read_scenes"]

FEWEST_BACKGROUNDS = 2
HELD_OUT_BACKGROUNDS = 80  # the last ones by name: no network is trained on them


@dataclass(frozen=True, slots=True, eq=False)
class Scenes:
    """Photos with one labeled face each.

    Attributes:
        images: all decoded photos.
        rows: (N,) row of each photo of the split in ``images``.
        boxes: (N, 4) float32, x0 y0 x1 y1 of the landmarks' box.
        keypoints: (N, 5, 2) float32: right eye, left eye, nose tip, right and left mouth corner.
    """

    images: PackedImages
    rows: np.ndarray[Any, Any]
    boxes: np.ndarray[Any, Any]
    keypoints: np.ndarray[Any, Any]

    def __len__(self) -> int:
        return len(self.rows)

    def image(self, scene: int) -> np.ndarray[Any, Any]:
        """Photo of ``scene`` as (H, W, 3) uint8 RGB."""
        return self.images[int(self.rows[scene])]

    def name(self, scene: int) -> str:
        """Name of the photo of ``scene``."""
        return self.images.names[int(self.rows[scene])]


def read_scenes(folder: Path, split: Split, cache_dir: Path | None = None) -> Scenes:
    """Read one split of a folder with ``frames.npz`` and ``frames.tar``.

    Raises:
        InvalidInputError: files of the data set are missing.
    """
    if not (folder / "frames.npz").is_file():
        raise InvalidInputError(f"no frames.npz in {folder}; expected a data set of scenes")
    path = folder / "frames.npz"
    labels = read_label_arrays(path, {"name": (), "split": (), "box": (4,), "keypoints": (5, 2)})
    chosen = rows_of_split(labels, split, path)
    images = read_packed_images([folder / "frames.tar"], cache_dir)
    return Scenes(
        images=images,
        rows=rows_of(images, labels["name"][chosen].tolist()),
        boxes=labels["box"][chosen],
        keypoints=labels["keypoints"][chosen],
    )


def read_boxes_by_photo(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    """Read boxes (M, 4) float32 that somebody noted beside the labels, by the photo's name.

    Args:
        path: a JSON file, ``{"photo": [[x0, y0, x1, y1], ...], ...}``.

    Raises:
        InvalidInputError: the file holds something else.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return {
            name: np.array(boxes, np.float32).reshape(len(boxes), 4) for name, boxes in raw.items()
        }
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InvalidInputError(
            f"cannot read boxes from {path} ({error}); expected a JSON object of photo names, each "
            "with a list of boxes [x0, y0, x1, y1]"
        ) from error


def boxes_of_scenes(
    noted: Mapping[str, np.ndarray[Any, Any]], scenes: Scenes
) -> list[np.ndarray[Any, Any]]:
    """Boxes (M, 4) that were noted by photo, for each of ``scenes``."""
    nothing = np.empty((0, 4), np.float32)
    return [noted.get(scenes.name(scene), nothing) for scene in range(len(scenes))]


def read_backgrounds(
    folder: Path, cache_dir: Path | None = None
) -> tuple[PackedImages, np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Read ``backgrounds.tar``.

    Returns:
        The photos, the rows to train on, and the rows held out: the last 80 by name.

    Raises:
        InvalidInputError: there are fewer than two photos.
    """
    images = read_packed_images([folder / "backgrounds.tar"], cache_dir)
    if len(images) < FEWEST_BACKGROUNDS:
        raise InvalidInputError(
            f"{folder / 'backgrounds.tar'} holds {len(images)} photo; expected "
            f"{FEWEST_BACKGROUNDS} and more without a face: some to train on, some held out"
        )
    rows = np.arange(len(images))
    held_out = min(HELD_OUT_BACKGROUNDS, len(images) // 2)
    return images, rows[:-held_out], rows[-held_out:]
