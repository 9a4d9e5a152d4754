"""Draw the point map of a landmark network: docs/images/landmarks.png.

usage: python tools/draw_point_map.py [--model BUNDLE] [-o PICTURE]
"""

from __future__ import annotations

import argparse
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from kilomark.drawing import Canvas, group_colors
from kilomark.manifest import read_landmark_bundle
from kilomark.whole_files import open_whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from kilomark.drawing import Color
    from kilomark.topology import LandmarkGroup, Topology

    Points: TypeAlias = npt.NDArray[np.floating[Any]]

BACKGROUND: Color = (15, 23, 42)
PALE: Color = (203, 213, 225)
FONT = ImageFont.load_default(17)
WIDTH, FACE_HEIGHT, PART_HEIGHT = 2000, 1160, 640
NUMBERED_ON_LEFT = {*range(1, 9), 49, 65}
"""Numbers of the 68 that stand to the left of their dot, where there is room."""
INWARD = ("inner_lips", "right_iris", "left_iris")
"""Groups whose indices stand inside their ring, since another ring lies around it."""

Area: TypeAlias = tuple[int, int, int, int]


@dataclass(frozen=True)
class Panel:
    """A part of the picture that shows some groups of the mean face."""

    title: str
    area: Area
    groups: tuple[str, ...]
    indices_every: int


def _part(title: str, column: int, row: int, groups: str, indices_every: int) -> Panel:
    x0, y0 = column * WIDTH // 2, FACE_HEIGHT + row * PART_HEIGHT
    area = (x0, y0, x0 + WIDTH // 2, y0 + PART_HEIGHT)
    return Panel(title, area, tuple(groups.split()), indices_every)


PARTS = (
    _part("right eye and brow", 0, 0, "right_brow right_eye right_iris right_pupil", 4),
    _part("left eye and brow", 1, 0, "left_brow left_eye left_iris left_pupil", 4),
    _part("nose", 0, 1, "nose_ridge nose_wings", 5),
    _part("lips", 1, 1, "outer_lips inner_lips", 4),
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw the point map of a landmark network.")
    parser.add_argument("--model", default="resnext50", help="a bundle with a mean face")
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/images/landmarks.png"))
    options = parser.parse_args()
    topology = read_landmark_bundle(options.model).topology
    if topology.mean_shape is None:
        parser.error(f"the bundle {options.model!r} has no mean face to draw")
    picture = Image.new("RGB", (WIDTH, FACE_HEIGHT + 2 * PART_HEIGHT), BACKGROUND)
    face = topology.mean_shape[:, :2]
    draw_whole(picture, (0, 0, WIDTH // 2, FACE_HEIGHT), topology, face)
    if topology.subset_68 is not None:
        draw_subset(picture, (WIDTH // 2, 0, WIDTH, FACE_HEIGHT), topology, face)
    for panel in PARTS:
        draw_part(picture, panel, topology, face)
    with open_whole(options.output) as file:
        small = picture.quantize(128, dither=Image.Dither.NONE)
        small.save(file, format="PNG", optimize=True)
    print(f"{options.output}: {options.output.stat().st_size} bytes")


def draw_whole(picture: Image.Image, area: Area, topology: Topology, face: Points) -> None:
    places = fit(face, face, area)
    draw_title(
        picture, area, f"{topology.num_landmarks} landmarks in {len(topology.groups)} groups"
    )
    for name, group in topology.groups.items():
        draw_group(picture, places[group.indices], group, group_colors(topology)[name])
    oval = topology.group("face_oval")
    write_indices(picture, places[oval.indices], oval, every=10, taken=[])
    write_names(picture, places, [group for group in topology.groups.values() if group != oval])


def draw_part(picture: Image.Image, panel: Panel, topology: Topology, face: Points) -> None:
    groups = [topology.group(name) for name in panel.groups]
    shown = np.concatenate([face[group.indices] for group in groups])
    places = fit(face, shown, panel.area)
    draw_title(picture, panel.area, panel.title)
    taken: list[tuple[float, float]] = []
    for group in groups:
        points, color = places[group.indices], group_colors(topology)[group.name]
        draw_group(picture, points, group, color)
        write_indices(picture, points, group, every=panel.indices_every, taken=taken)


def draw_subset(picture: Image.Image, area: Area, topology: Topology, face: Points) -> None:
    places = fit(face, face, area)
    draw_title(picture, area, "the 68 of iBUG / 300-W, counted from 1")
    for group in topology.groups.values():
        draw_group(picture, places[group.indices], group, (51, 65, 85))
    with canvas_of(picture) as canvas:
        canvas.add("dots", places[topology.subset_68], (251, 191, 36), width_px=9)
    draw = ImageDraw.Draw(picture)
    for number, (x, y) in enumerate(places[topology.subset_68].tolist(), 1):
        left = number in NUMBERED_ON_LEFT
        place, anchor = (x - 7 if left else x + 7, y - 4), "rs" if left else "ls"
        draw.text(place, str(number), font=FONT, fill=PALE, anchor=anchor)


def fit(face: Points, shown: Points, area: Area) -> Points:
    """Scale the face so that the ``shown`` points fill the area but for a margin."""
    x0, y0, x1, y1 = area
    low, high = shown.min(axis=0), shown.max(axis=0)
    room = np.array([x1 - x0 - 120, y1 - y0 - 170])
    scale = (room / (high - low)).min()
    return (face - (low + high) / 2) * scale + [(x0 + x1) / 2, (y0 + y1) / 2 + 25]


def draw_title(picture: Image.Image, area: Area, title: str) -> None:
    place = ((area[0] + area[2]) / 2, area[1] + 30)
    ImageDraw.Draw(picture).text(
        place, title, font=ImageFont.load_default(28), fill=(255, 255, 255), anchor="mt"
    )


@contextmanager
def canvas_of(picture: Image.Image) -> Iterator[Canvas]:
    """Draw on a picture: its pixels are taken out and put back."""
    pixels = np.array(picture)
    canvas = Canvas(pixels, rgb=True)
    yield canvas
    canvas.flush()
    picture.paste(Image.fromarray(pixels))


def draw_group(picture: Image.Image, points: Points, group: LandmarkGroup, color: Color) -> None:
    with canvas_of(picture) as canvas:
        if group.closed is not None:
            kind = "ring" if group.closed else "curve"
            canvas.add(kind, points, color, width_px=1, opacity=0.5)
        canvas.add("dots", points, color, width_px=5)


def write_indices(
    picture: Image.Image,
    points: Points,
    group: LandmarkGroup,
    *,
    every: int,
    taken: list[tuple[float, float]],
) -> None:
    """Write the index of each ``every``-th landmark beside its group's curve, where there is room.

    ``taken`` are the places of the texts written so far, and grows.
    """
    draw = ImageDraw.Draw(picture)
    ahead, behind = np.roll(points, -1, axis=0), np.roll(points, 1, axis=0)
    if not group.closed:
        ahead[-1], behind[0] = points[-1], points[0]
    normals = (ahead - behind) @ np.array([[0, 1], [-1, 0]])
    outward = np.sign(((points - points.mean(axis=0)) * normals).sum(axis=1).mean()) or 1.0
    side = -outward if group.name in INWARD else outward
    for index in range(0, group.count, every):
        normal = normals[index] / max(float(np.linalg.norm(normals[index])), 1e-9)
        x, y = points[index] + side * normal * (22, 17) + (group.count == 1) * np.array([0, 17])
        if is_taken(taken, x, y, room=(34, 17)):
            continue
        draw.text((x, y), str(group.start + index), font=FONT, fill=PALE, anchor="mm")


def write_names(picture: Image.Image, places: Points, groups: list[LandmarkGroup]) -> None:
    """Write each group's name and indices below it, one under the other where they would meet."""
    draw = ImageDraw.Draw(picture)
    taken: list[tuple[float, float]] = []
    for group in groups:
        points, last = places[group.indices], group.start + group.count - 1
        span = f"{last}" if group.count == 1 else f"{group.start}-{last}"
        x, y = float(points[:, 0].mean()), float(points[:, 1].max()) + 8
        if group.count == 1 and taken:
            y = taken[-1][1]
        while is_taken(taken, x, y, room=(150, 20)):
            y += 2
        draw.text((x, y), f"{group.name} {span}", font=FONT, fill=PALE, anchor="mt")


def is_taken(
    taken: list[tuple[float, float]], x: float, y: float, *, room: tuple[float, float]
) -> bool:
    """Note a text at (x, y), unless another lies nearer than ``room``."""
    if any(abs(x - x_taken) < room[0] and abs(y - y_taken) < room[1] for x_taken, y_taken in taken):
        return True
    taken.append((x, y))
    return False


if __name__ == "__main__":
    main()
