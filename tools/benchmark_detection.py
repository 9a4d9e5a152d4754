"""Measure which labeled faces kilomark and its rivals find: by size, by slice, and reliability.

usage: python tools/benchmark_detection.py DATA --system kilomark:resnext50 \\
           --system yunet:model.onnx [--photos DIR] [--slices FILE.json] [--lowest-score 0.1]

DATA is a WIDER FACE list of boxes, a COCO JSON file of boxes, or any layout that
benchmark_accuracy.py reads. All systems see the same photos with their default settings. A face is
found where a box has an IoU of at least 0.4 with its label, or each one's center lies in the
other's box and their areas differ by less than five times. Pairs are taken greedily by IoU. A box
on an ignored label is neither found nor false. kilomark's boxes are those of its landmarks.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from accuracy.detection import (
    counts_by_size,
    counts_of,
    read_slices,
    reliability,
    scored_boxes,
)
from accuracy.layouts import read_data
from accuracy.options import make_parser
from accuracy.systems import run_system
from kilomark.errors import InvalidInputError, KilomarkError
from kilomark.whole_files import write_whole

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from accuracy.layouts import LabeledPhoto
    from accuracy.scoring import Found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; 0 unless the data or a system cannot be used."""
    options = parse_arguments(arguments)
    try:
        photos = read_data(options.data, options.layout, options.photos)[: options.limit]
        slices = {} if options.slices is None else read_slices(options.slices)
        paths = [photo.path for photo in photos]
        answers = {name: run_system(name, paths) for name in options.system}
        lines = [*count_lines(photos, answers, slices), "", *size_lines(photos, answers)]
        if options.lowest_score is not None:
            for name in options.system:
                found = run_system(name, paths, lowest_score=options.lowest_score)
                lines += ["", *reliability_lines(name, photos, found)]
        report = "\n".join(lines) + "\n"
        print(report, end="")
        if options.out is not None:
            write_whole(options.out, report.encode())
    except KilomarkError as error:
        print(f"benchmark_detection: {error}", file=sys.stderr)
        return 2
    return 0


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add(
        "--slices", type=Path, metavar="FILE.json",
        help='file names of photos by slice: {"dark": ["a.jpg"]}; counts each slice too',
    )  # fmt: skip
    add(
        "--lowest-score", type=float, metavar="S",
        help="run each system again, keep what scores at least S, and print its reliability",
    )  # fmt: skip
    return parser.parse_args(arguments)


def count_lines(
    photos: Sequence[LabeledPhoto],
    answers: Mapping[str, Sequence[Found]],
    slices: Mapping[str, frozenset[str]],
) -> list[str]:
    """A Markdown table of found, missed and false faces of all photos and of each slice.

    Raises:
        InvalidInputError: a slice names no photo of the data set.
    """
    heads = ("photos", "number", "labeled faces", "system", "found", "missed", "false")
    lines = _head(heads)
    rows_of = {"all": list(range(len(photos)))}
    for slice_name, names in slices.items():
        rows = [row for row, photo in enumerate(photos) if photo.path.name in names]
        if not rows:
            raise InvalidInputError(
                f"no photo of slice {slice_name!r} is in the data set; expected file names, "
                f"such as {photos[0].path.name!r}"
            )
        rows_of[slice_name] = rows
    for slice_name, rows in rows_of.items():
        chosen = [photos[row] for row in rows]
        for name, found in answers.items():
            counts = counts_of(chosen, [found[row] for row in rows])
            labeled = counts.found + counts.missed
            share = f"{counts.found} ({100 * counts.found / labeled:.1f} %)" if labeled else "-"
            cells = (slice_name, len(rows), labeled, name, share, counts.missed, counts.false)
            lines.append(_row(cells))
    return lines


def size_lines(photos: Sequence[LabeledPhoto], answers: Mapping[str, Sequence[Found]]) -> list[str]:
    """A Markdown table of the share of faces found by the label's longer side."""
    by_system = {name: counts_by_size(photos, found) for name, found in answers.items()}
    sizes = [size for size, (_, total) in next(iter(by_system.values())).items() if total]
    totals = next(iter(by_system.values()))
    lines = _head(["found, by longer side", *(f"{size} ({totals[size][1]})" for size in sizes)])
    for name, counts in by_system.items():
        shares = [f"{100 * counts[size][0] / counts[size][1]:.1f} %" for size in sizes]
        lines.append(_row([name, *shares]))
    return lines


def reliability_lines(
    name: str, photos: Sequence[LabeledPhoto], found: Sequence[Found]
) -> list[str]:
    """Reliability of one system's scores as text and a Markdown table."""
    boxes = scored_boxes(photos, found)
    if not len(boxes.scores):
        return [f"{name}: no box, no reliability."]
    result = reliability(boxes)
    summary = (
        f"{name}: expected calibration error {result.ece:.3f}; F1 {result.f1:.3f} at a score of "
        f"0.5, the best is {result.best_f1:.3f} at {result.best_threshold:.2f}."
    )
    lines = [summary, "", *_head(("score from", "boxes", "mean score", "share of faces"))]
    for lowest, number, score, share in result.bins:
        lines.append(_row((f"{lowest:.1f}", number, f"{score:.2f}", f"{share:.2f}")))
    return lines


def _head(cells: Sequence[str]) -> list[str]:
    return [_row(cells), "|" + "---|" * len(cells)]


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


if __name__ == "__main__":
    raise SystemExit(main())
