"""Contact sheets: faces side by side with the outputs of a network.

They show people of the data set: they are for whoever evaluates, not for publishing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from kilomark.data.geometry import apply_map, box_of, crop_map, warp
from kilomark.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["box_tile", "landmark_tile", "write_sheet"]

Array = np.ndarray[Any, Any]  # images: (H, W, 3) uint8 RGB

TILE_PX = 224
_COLUMNS = 6
_LABEL, _FOUND, _TEXT = (0, 220, 0), (255, 40, 40), (255, 255, 0)


def landmark_tile(image: Array, landmarks: Array, target: Array, text: str) -> Array:
    """A face, its labels in green and the (K, 2) landmarks found in red."""
    x0, y0, x1, y1 = box_of(target)
    side = 1.4 * max(x1 - x0, y1 - y0)
    affine = crop_map(np.array([(x0 + x1) / 2, (y0 + y1) / 2]), side, TILE_PX)
    tile = warp(image, affine, (TILE_PX, TILE_PX))
    for points, color in ((target, _LABEL), (landmarks, _FOUND)):
        x, y = np.floor(apply_map(affine, points)).astype(int).clip(0, TILE_PX - 1).T
        tile[y, x] = color
    return _captioned(tile, text)


def box_tile(image: Array, labels: Array, found: Array, text: str) -> Array:
    """A whole photo, labeled boxes (M, 4) in green and found ones (F, 4) in red."""
    scale = TILE_PX / max(image.shape[:2])
    affine = np.array([[scale, 0.0, 0.0], [0.0, scale, 0.0]])
    tile = warp(image, affine, (TILE_PX, TILE_PX))
    for boxes, color in ((labels, _LABEL), (found, _FOUND)):
        for x0, y0, x1, y1 in np.round(np.asarray(boxes).reshape(-1, 4) * scale).astype(int):
            cv2.rectangle(tile, (int(x0), int(y0)), (int(x1), int(y1)), color, 1)
    return _captioned(tile, text)


def write_sheet(path: Path, tiles: Sequence[Array]) -> None:
    """Write tiles in rows of six as a PNG."""
    empty = np.zeros((TILE_PX, TILE_PX, 3), np.uint8)
    padded = [*tiles, *[empty] * (-len(tiles) % _COLUMNS)]
    rows = [
        np.hstack(padded[begin : begin + _COLUMNS]) for begin in range(0, len(padded), _COLUMNS)
    ]
    _, encoded = cv2.imencode(".png", cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))
    write_whole(path, encoded.tobytes())


def _captioned(tile: Array, text: str) -> Array:
    cv2.putText(tile, text, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.42, _TEXT, 1, cv2.LINE_AA)
    return tile
