"""The colors of landmark groups and of values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from kilomark.drawing.canvas import Color
    from kilomark.topology import Topology

__all__ = ["AXIS_COLORS", "LIGHT", "RIM", "group_colors", "part_of", "ramp_color"]

LIGHT: Color = (255, 255, 255)
RIM: Color = (15, 23, 42)
"""Of the rim under strokes and behind texts; it keeps them legible on skin."""

AXIS_COLORS: tuple[Color, Color, Color] = ((248, 90, 90), (74, 222, 128), (96, 165, 250))
"""Of the head's axes: to the right of the image, down, out of the face."""

PART_COLORS: dict[str, Color] = {
    "face_oval": (94, 234, 212),
    "brow": (251, 191, 36),
    "eye": (56, 189, 248),
    "iris": (255, 255, 255),
    "pupil": (255, 255, 255),
    "nose_ridge": (163, 230, 53),
    "nose_wings": (163, 230, 53),
    "outer_lips": (251, 113, 133),
    "inner_lips": (253, 164, 175),
}

RAMP: tuple[Color, ...] = (
    (45, 212, 191),
    (190, 242, 100),
    (250, 204, 21),
    (249, 115, 22),
    (220, 38, 38),
)


def group_colors(topology: Topology) -> dict[str, Color]:
    """The color (red, green, blue) of each landmark group; both sides of a face share theirs."""
    spare = list(dict.fromkeys(PART_COLORS.values()))
    parts = list(dict.fromkeys(part_of(name) for name in topology.groups))
    colors = {
        part: PART_COLORS.get(part, spare[index % len(spare)]) for index, part in enumerate(parts)
    }
    return {name: colors[part_of(name)] for name in topology.groups}


def part_of(group_name: str) -> str:
    """Return a group's name without its side."""
    return group_name.removeprefix("left_").removeprefix("right_")


def ramp_color(share: float) -> Color:
    """Return the color of a value from 0 (teal) through yellow to 1 (red)."""
    at = float(np.clip(share, 0.0, 1.0)) * (len(RAMP) - 1)
    low = min(int(at), len(RAMP) - 2)
    red, green, blue = (
        round(a + (at - low) * (b - a)) for a, b in zip(RAMP[low], RAMP[low + 1], strict=True)
    )
    return red, green, blue
