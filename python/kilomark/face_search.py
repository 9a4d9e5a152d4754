"""How a detector searches an image for faces, and what to try where it found none."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kilomark import _core

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FaceSearch", "log_searches"]

log = logging.getLogger(__name__)

COMMON_SIZE_PX = 640
REDUCTION_PER_TILE = 4
"""Tiles are suggested so that each of them is reduced about this many times."""
MUCH_REDUCED = 1.5


@dataclass(frozen=True, slots=True)
class FaceSearch:
    """The options of a search."""

    size_px: int
    """Longer side of what the face detector sees of an image."""
    tiles: int
    """Tiles along the longer side that it sees too; 1 for none."""
    score_threshold: float
    follows_image: bool = False
    """Whether ``size_px`` is the largest size, used as far as the image is so large."""

    def advice(self, width: int, height: int, *, is_command: bool = False) -> str:
        """Say how an image without faces was searched and which options help.

        Args:
            width: width of the image in pixels.
            height: height of the image in pixels.
            is_command: name the options of `kilomark predict`, not those of `Detector`.
        """
        longer = max(width, height)
        searched = f"the image is {longer} px long and was searched at {self._size(longer)} px"
        if self.tiles > 1:
            searched += f" and in {self.tiles} tiles"
        remedies = [_shown(*remedy, is_command=is_command) for remedy in self._remedies(longer)]
        return f"{searched}: try {' or '.join(remedies)}"

    def _size(self, longer: int) -> int:
        return min(self.size_px, longer) if self.follows_image else self.size_px

    def _remedies(self, longer: int) -> list[tuple[str, int | float]]:
        size = self._size(longer)
        reduction = longer / size
        remedies: list[tuple[str, int | float]] = []
        if reduction > MUCH_REDUCED and size < COMMON_SIZE_PX:
            remedies.append(("finder_size", COMMON_SIZE_PX))
        tiles = min(max(math.ceil(reduction / REDUCTION_PER_TILE), 2), _core.MAX_FINDER_TILES)
        if reduction > MUCH_REDUCED and self.tiles < tiles:
            remedies.append(("finder_tiles", tiles))
        if not remedies:
            remedies.append(("score_threshold", round(self.score_threshold / 2, 2)))
        return remedies


def _shown(name: str, value: float, *, is_command: bool) -> str:
    return f"--{name.replace('_', '-')} {value}" if is_command else f"{name}={value}"


def log_searches(
    search: FaceSearch,
    sizes: Sequence[tuple[int, int]],
    num_faces: Sequence[int],
    looks: Sequence[list[list[int]]],
) -> None:
    """Log what the face detector saw of each image, and advice where it found no face.

    Args:
        search: the options.
        sizes: width and height of each image in pixels.
        num_faces: faces found in each image.
        looks: `StageTimes.looks`.
    """
    for index, ((width, height), found) in enumerate(zip(sizes, num_faces, strict=True)):
        if not found:
            log.info("image %d: 0 faces; %s", index, search.advice(width, height))
    for index, image_looks in enumerate(looks):
        shown = ", ".join(
            f"{count} of {width} x {height} px" for width, height, count in image_looks
        )
        log.debug("image %d: the face detector saw %s", index, shown)
