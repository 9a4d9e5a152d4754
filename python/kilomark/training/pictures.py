"""Pictures of predictions on the same few validation photos, one for every checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from kilomark.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["box_sheet", "landmark_sheet", "spaced", "write_picture"]

Array = np.ndarray[Any, Any]

PICTURES = 12  # in rows of four
_COLUMNS = 4
_TILE_PX = 256
_LABELED, _PREDICTED = (255, 255, 255), (60, 220, 60)  # RGB


def spaced(count: int) -> list[int]:
    """At most ``PICTURES`` of ``count`` numbers, evenly spaced and always the same."""
    chosen = np.linspace(0, count - 1, min(PICTURES, count)).astype(int)
    return [int(number) for number in chosen]


def landmark_sheet(crops: Array, predicted: Array, labeled: Array) -> Array:
    """A sheet of (N, S, S, 3) crops: labels as white dots, predictions as green ones over them.

    Landmarks are (N, K, 2) fractions of the crop's side.
    """
    tiles = []
    for crop, found, wanted in zip(crops, predicted, labeled, strict=True):
        tile = cv2.resize(crop, (_TILE_PX, _TILE_PX), interpolation=cv2.INTER_CUBIC)
        for landmarks, color in ((wanted, _LABELED), (found, _PREDICTED)):
            x, y = np.clip(np.floor(landmarks * _TILE_PX), 0, _TILE_PX - 1).astype(int).T
            tile[y, x] = color
        tiles.append(tile)
    return _sheet(tiles)


def box_sheet(photos: Sequence[Array], found: Sequence[Array], labeled: Array) -> Array:
    """A sheet of photos: the labeled box of each in white, those found in green."""
    tiles = []
    for photo, boxes, label in zip(photos, found, labeled, strict=True):
        scale = _TILE_PX / max(photo.shape[:2])
        small = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        tile = np.zeros((_TILE_PX, _TILE_PX, 3), np.uint8)
        tile[: small.shape[0], : small.shape[1]] = small[:_TILE_PX, :_TILE_PX]
        for box, color in [(label, _LABELED), *((box, _PREDICTED) for box in boxes)]:
            x0, y0, x1, y1 = np.round(box * scale).astype(int).tolist()
            cv2.rectangle(tile, (x0, y0), (x1, y1), color, 1)
        tiles.append(tile)
    return _sheet(tiles)


def _sheet(tiles: list[Array]) -> Array:
    blank = np.zeros((_TILE_PX, _TILE_PX, 3), np.uint8)
    tiles = tiles + [blank] * (-len(tiles) % _COLUMNS)
    rows = [tiles[begin : begin + _COLUMNS] for begin in range(0, len(tiles), _COLUMNS)]
    return np.concatenate([np.concatenate(row, axis=1) for row in rows])


def write_picture(run_dir: Path, samples_seen: int, picture: Array, *, keep: int) -> None:
    """Write ``predictions-<samples>.png`` and delete all but the newest ``keep`` of them.

    Raises:
        OSError: the disk is full or not writable.
    """
    _, content = cv2.imencode(".png", picture[..., ::-1])
    write_whole(run_dir / f"predictions-{samples_seen:012d}.png", content.tobytes())
    for old in sorted(run_dir.glob("predictions-*.png"))[:-keep]:
        old.unlink()
