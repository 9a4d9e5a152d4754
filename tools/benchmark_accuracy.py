"""Measure how many labeled faces kilomark and its rivals find, and how well they place points.

usage: python tools/benchmark_accuracy.py DATA --system kilomark:resnext50 \\
           --system mediapipe:/path/to/python [--layout LAYOUT] [--photos DIR] [--picture FILE]

DATA is a folder of photos with .pts files (300-W layout: AFW, Helen, LFPW, iBUG), WFLW's or COFW's
list, a WIDER FACE list of boxes, or a COCO JSON file of boxes. All systems see the same photos with
their default settings. Errors are paired: only faces that every system finds count.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from accuracy.layouts import LabeledPhoto, read_data
from accuracy.options import make_parser
from accuracy.scoring import (
    FEWEST_FACES,
    Counts,
    Found,
    asymmetry,
    match,
    point_errors,
    transfer,
)
from accuracy.systems import run_system
from kilomark.errors import KilomarkError
from kilomark.whole_files import write_whole

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

Array = np.ndarray[Any, Any]

# Outer eye corners and the tip of the nose, by the number of points of an annotation.
CORNERS_AND_NOSE = {68: (36, 45, 30), 98: (60, 72, 54), 29: (8, 9, 20)}
POSES = (("frontal", 0.0, 0.25), ("turned", 0.25, 0.6), ("far turned", 0.6, 1.01))
_COLORS = ((80, 220, 80), (60, 140, 255), (255, 120, 60), (220, 80, 220))


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What one system finds: counts, and the error of each paired face in percent."""

    name: str
    counts: Counts
    by_box: Array
    by_eyes: Array


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 0 unless the data or a system cannot be used."""
    options = parse_arguments(arguments)
    try:
        photos = read_data(options.data, options.layout, options.photos)[: options.limit]
        answers = {
            name: run_system(name, [photo.path for photo in photos]) for name in options.system
        }
        results, pose = score(photos, answers)
        table = "\n".join(table_lines(results, pose))
        print(table)
        if options.out is not None:
            write_whole(options.out, (table + "\n").encode())
        if options.picture is not None:
            write_picture(options.picture, photos, answers)
    except KilomarkError as error:
        print(f"benchmark_accuracy: {error}", file=sys.stderr)
        return 2
    return 0


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = make_parser(__doc__)
    parser.add_argument(
        "--picture", type=Path, metavar="FILE.png", help="draw the first photos with all answers"
    )
    return parser.parse_args(arguments)


def score(
    photos: Sequence[LabeledPhoto], answers: dict[str, list[Found]]
) -> tuple[list[Result], Array]:
    """Pair faces and measure each system.

    Returns:
        The results, and how far each paired face is turned, 0 to 1 (empty without points).
    """
    partners: dict[str, list[Array]] = {}
    counts = {name: Counts() for name in answers}
    for name, found in answers.items():
        partners[name] = []
        for photo, answer in zip(photos, found, strict=True):
            partner, here = match(photo.boxes, photo.ignored, answer.boxes)
            partners[name].append(partner)
            counts[name].found += here.found
            counts[name].missed += here.missed
            counts[name].false += here.false
    paired = [
        (number, face)
        for number, photo in enumerate(photos)
        if photo.points is not None
        for face in range(len(photo.boxes))
        if all(partners[name][number][face] >= 0 for name in answers)
    ]
    nothing = np.zeros(0)
    if len(paired) < FEWEST_FACES:
        return [Result(name, counts[name], nothing, nothing) for name in answers], nothing
    labels = np.stack([_points(photos[number], face) for number, face in paired])
    folds = np.array([number % 2 == 1 for number, _ in paired])
    known = CORNERS_AND_NOSE.get(labels.shape[1])
    results = []
    for name, found in answers.items():
        own = np.stack([_points(found[n], int(partners[name][n][f])) for n, f in paired])
        mapped = transfer(own, labels, folds)
        errors = point_errors(mapped, labels, known[:2] if known else None)
        results.append(Result(name, counts[name], *errors))
    turned = asymmetry(labels, known[:2], known[2]) if known else np.zeros(len(labels))
    return results, turned


def _points(answer: LabeledPhoto | Found, face: int) -> Array:
    assert answer.points is not None  # only faces with points are paired
    points: Array = answer.points[face]
    return points


def table_lines(results: Sequence[Result], turned: Array) -> list[str]:
    """A Markdown table: counts, then mean and median error, then the error by pose."""
    heads = ["system", "found", "missed", "false", "over box", "median", "over eyes", "median"]
    chosen = [(name, (turned >= low) & (turned < high)) for name, low, high in POSES]
    chosen = [(name, rows) for name, rows in chosen if rows.any()]
    heads += [f"{name} ({rows.sum()})" for name, rows in chosen]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for result in results:
        cells = [result.name, *map(str, (result.counts.found, result.counts.missed))]
        cells.append(str(result.counts.false))
        for errors in (result.by_box, result.by_eyes):
            known = len(errors) and np.isfinite(errors).all()
            cells += [f"{errors.mean():.2f} %", f"{np.median(errors):.2f} %"] if known else ["", ""]
        cells += [f"{result.by_box[rows].mean():.2f} %" for _, rows in chosen]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", f"Errors over {len(turned)} faces that every system finds."]
    if not len(turned):
        lines[-1] += f" Fewer than {FEWEST_FACES}, or boxes only: no error of points."
    return lines


def write_picture(
    path: Path, photos: Sequence[LabeledPhoto], answers: dict[str, list[Found]], count: int = 12
) -> None:
    """Draw labels in white and each system's answers in a color, on the first photos."""
    import cv2

    tiles = []
    for number, photo in enumerate(photos[:count]):
        image = cv2.imread(str(photo.path))
        assert image is not None  # every system has read it
        for box in photo.boxes:
            _rectangle(image, box, (255, 255, 255))
        for color, found in zip(_COLORS, answers.values(), strict=False):
            for box in found[number].boxes:
                _rectangle(image, box, color)
            for points in [] if found[number].points is None else found[number].points:
                for x, y in points[:: max(1, len(points) // 120)]:
                    cv2.circle(image, (int(x), int(y)), 1, color, -1)
        tiles.append(cv2.resize(image, (320, 320)))
    tiles += [np.zeros((320, 320, 3), np.uint8)] * (-len(tiles) % 4)
    rows = [np.concatenate(tiles[i : i + 4], 1) for i in range(0, len(tiles), 4)]
    write_whole(path, cv2.imencode(".png", np.concatenate(rows))[1].tobytes())


def _rectangle(image: Array, box: Array, color: tuple[int, int, int]) -> None:
    import cv2

    x0, y0, x1, y1 = (int(value) for value in box)
    cv2.rectangle(image, (x0, y0), (x1, y1), color, 1)


if __name__ == "__main__":
    raise SystemExit(main())
