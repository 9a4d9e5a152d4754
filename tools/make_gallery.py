"""Make the pictures of docs/gallery.md.

usage: python tools/make_gallery.py [-o FOLDER] [--model NAME]

The photos may be published: kilomark's demo photo (Eileen Collins, NASA) and the portrait of Grace
Hopper (U.S. Navy) that matplotlib's wheel holds. Both are in the public domain.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
from PIL import Image

import kilomark
from kilomark.drawing import Contours, Layer, Masks, draw
from kilomark.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

DEMO = Path(kilomark.__file__).parent / "demo" / "astronaut.jpg"
HOPPER = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"
CELL_PX = 300
GAP_PX = 6
QUALITY = 80
LARGEST_BYTES = 150_000
STYLES_SHOWN = (
    "contours",
    "points",
    "irises+contours",
    "axes",
    "boxes+ids",
    "contours+measures",
    "spread",
    "masks",
    "masks+contours+irises",
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the pictures of docs/gallery.md.")
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/images"))
    parser.add_argument("--model", default="resnext50")
    options = parser.parse_args()
    detector = kilomark.Detector(options.model)
    collins = close_up(detector, Image.open(DEMO), room=1.8)
    hopper = close_up(detector, Image.open(HOPPER), room=1.7)
    pictures = {
        "gallery-styles": grid([drawn(detector, collins, name) for name in STYLES_SHOWN], 3),
        "gallery-layers": grid(
            [drawn(detector, hopper, own_style) for own_style in own_styles()], 3
        ),
        "gallery-aligned": aligned(detector),
        "gallery-many": many(detector),
    }
    for name, picture in pictures.items():
        write(options.output / f"{name}.jpg", picture)


def own_styles() -> list[Sequence[str | Layer]]:
    """Styles of layers with options."""
    return [
        [Masks(groups=("lips",), opacity=0.7), Contours(groups=("eye", "iris"), width=2)],
        [Masks(groups=("face_oval",), opacity=0.9), Contours(color=(255, 255, 255))],
        ["axes", Contours(groups=("face_oval",)), "measures"],
    ]


def close_up(detector: kilomark.Detector, photo: Image.Image, room: float) -> Image.Image:
    """Cut out a square around the largest face and enlarge it, so that lines are fine."""
    photo = photo.convert("RGB")
    x0, y0, x1, y1 = detector.predict(photo)[0].box
    side, x, y = room * max(x1 - x0, y1 - y0) / 2, (x0 + x1) / 2, (y0 + y1) / 2
    area = (float(x - side), float(y - side), float(x + side), float(y + side))
    return photo.resize((2 * CELL_PX, 2 * CELL_PX), Image.Resampling.LANCZOS, box=area)


def drawn(
    detector: kilomark.Detector, photo: Image.Image, style: str | Sequence[str | Layer]
) -> Image.Image:
    picture = draw(photo, detector.predict(photo), style=style)
    return picture.resize((CELL_PX, CELL_PX), Image.Resampling.LANCZOS)


def aligned(detector: kilomark.Detector) -> Image.Image:
    """Turned photos, and the upright crops of their faces."""
    cells = []
    for path, angle_deg in ((DEMO, 40), (HOPPER, -65)):
        photo = Image.open(path).convert("RGB").rotate(angle_deg, Image.Resampling.BICUBIC)
        face = detector.predict(photo)[0]
        crop = Image.fromarray(face.aligned(photo, CELL_PX)[..., ::-1])
        cells += [square(draw(photo, [face], style="contours+axes")), crop]
    return grid(cells, 4)


def many(detector: kilomark.Detector) -> Image.Image:
    """Several faces in one picture, with ids."""
    scene = Image.new("RGB", (3 * CELL_PX, int(1.15 * CELL_PX)), (15, 23, 42))
    photos = [Image.open(path).convert("RGB") for path in (DEMO, HOPPER, DEMO)]
    photos[2] = photos[2].transpose(Image.Transpose.FLIP_LEFT_RIGHT).rotate(12)
    for number, photo in enumerate(photos):
        cell = square(photo, scene.height).crop((24, 0, 24 + CELL_PX, scene.height))
        scene.paste(cell, (number * CELL_PX, 0))
    faces = sorted(detector.predict(scene), key=lambda face: float(face.box[0]))
    return draw(scene, faces, style="masks+contours+boxes+ids")


def square(picture: Image.Image, side_px: int = CELL_PX) -> Image.Image:
    """Reduce a picture's upper square."""
    side = min(picture.size)
    left = (picture.width - side) / 2
    box = (left, 0, left + side, side)
    return picture.resize((side_px, side_px), Image.Resampling.LANCZOS, box=box)


def grid(cells: Sequence[Image.Image], columns: int) -> Image.Image:
    rows = -(-len(cells) // columns)
    step = CELL_PX + GAP_PX
    sheet = Image.new("RGB", (columns * step - GAP_PX, rows * step - GAP_PX), "white")
    for number, cell in enumerate(cells):
        sheet.paste(cell, (number % columns * step, number // columns * step))
    return sheet


def write(path: Path, picture: Image.Image) -> None:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    data = stream.getvalue()
    if len(data) > LARGEST_BYTES:
        raise SystemExit(f"{path} would have {len(data):,} bytes; at most {LARGEST_BYTES:,}")
    write_whole(path, data)
    print(f"{path}: {picture.width} x {picture.height} px, {len(data):,} bytes")


if __name__ == "__main__":
    main()
