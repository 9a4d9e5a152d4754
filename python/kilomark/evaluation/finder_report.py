"""``report.md`` of a face detector: recall, precision, recall by size, false positives."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.data.scenes import boxes_of_scenes
from kilomark.evaluation import plots
from kilomark.evaluation.contact_sheets import box_tile, write_sheet
from kilomark.evaluation.figures import ALONE, FinderFinds, FinderUse, finder_figures
from kilomark.evaluation.landmark_report_text import table_lines
from kilomark.evaluation.metrics import FinderAccuracy, are_among, finder_accuracy
from kilomark.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kilomark.data.packed_images import PackedImages
    from kilomark.data.scenes import Scenes
    from kilomark.evaluation.finder_sweep import Sweep

__all__ = ["LOWEST_SCORE", "sweep_lines", "without_reviewed", "write_finder_report"]

Array = np.ndarray[Any, Any]

LOWEST_SCORE = 0.2  # where the curve of precision against recall begins
_THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
_THRESHOLD = 0.5
_FAULTS_SHEET = "faults.png"
_FAULTS = (
    f"![Misses and false positives]({_FAULTS_SHEET})",
    "",
    "Labels green, found faces red. The sheet shows people: do not publish it.",
)
_NO_FAULTS = ("No face was missed, and nothing else found.",)


def without_reviewed(
    finds: FinderFinds, scenes: Scenes, reviewed: Mapping[str, Array]
) -> FinderFinds:
    """Leave out finds of reviewed faces: they are neither hits nor false positives."""
    boxes, scores = [], []
    photos = zip(boxes_of_scenes(reviewed, scenes), finds.boxes, finds.scores, strict=True)
    for real, found, score in photos:
        kept = ~are_among(found, real)
        boxes.append(found[kept])
        scores.append(score[kept])
    return FinderFinds(boxes, scores, finds.in_backgrounds, finds.background_scores)


def write_finder_report(
    folder: Path,
    name: str,
    scenes: Scenes,
    finds: FinderFinds,
    *,
    reviewed: Mapping[str, Array],
    sweeps: Mapping[str, Sweep],
    backgrounds: tuple[PackedImages, Array],
    run_dir: Path | None = None,
    use: FinderUse = ALONE,
) -> None:
    """Write ``report.md``, ``figures.json``, plots, and a sheet of misses and false positives.

    Args:
        folder: where to, made if need be.
        name: of the bundle.
        scenes: photos with a labeled face each.
        finds: what was found in them, at `LOWEST_SCORE` and above.
        reviewed: real faces of these photos that carry no label.
        sweeps: recall by size, by what the mosaics are.
        backgrounds: photos, and the rows of those without faces that ``finds`` holds.
        run_dir: the training run whose learning curve to draw.
        use: of the finder, for all of this.
    """
    folder.mkdir(parents=True, exist_ok=True)
    counted = without_reviewed(finds, scenes, reviewed)
    raw, fair = finder_figures(finds, scenes), finder_figures(counted, scenes)
    curve = [(threshold, finder_figures(counted, scenes, threshold)) for threshold in _THRESHOLDS]
    plots.plot_precision_recall(
        folder / "precision_recall.png",
        np.array([accuracy.recall_percent for _, accuracy in curve]),
        np.array([accuracy.precision_percent for _, accuracy in curve]),
        np.array(_THRESHOLDS),
    )
    for number, sweep in enumerate(sweeps.values(), start=1):
        file = folder / f"recall_by_size_{number}.png"
        plots.plot_recall_by_size(file, sweep.sizes_px, sweep.recall_percent)
    lines = _lines(name, use, raw, fair, curve, sweeps, num_photos=len(scenes))
    has_faults = _write_faults(folder, scenes, counted, backgrounds)
    lines += ["", "## Faults", "", *(_FAULTS if has_faults else _NO_FAULTS)]
    if plots.add_learning_curves(folder, run_dir):
        lines += ["", "## Learning curves", "", f"![Learning curves]({plots.LEARNING_CURVES})"]
    write_whole(folder / "report.md", "\n".join(lines) + "\n")
    figures = {
        **asdict(raw),
        "reviewed_precision_percent": fair.precision_percent,
        "sweeps": {title: asdict(sweep) for title, sweep in sweeps.items()},
    }
    write_whole(folder / "figures.json", json.dumps(figures, indent=1) + "\n")


def _write_faults(
    folder: Path, scenes: Scenes, finds: FinderFinds, backgrounds: tuple[PackedImages, Array]
) -> bool:
    """Photos with a miss or a false positive, then photos without a face in which one is found.

    Returns:
        Whether there is any.
    """
    tiles = []
    in_photos, in_backgrounds = finds.at(_THRESHOLD)
    for scene, boxes in enumerate(in_photos):
        label = scenes.boxes[scene]
        hit = finder_accuracy([boxes], label[None], [])
        if hit.recall_percent < 100 or hit.precision_percent < 100:
            tiles.append(box_tile(scenes.image(scene), label[None], boxes, scenes.name(scene)))
    images, rows = backgrounds
    for row, boxes in zip(rows, in_backgrounds, strict=True):
        if len(boxes):
            tiles.append(box_tile(images[int(row)], boxes[:0], boxes, images.names[int(row)]))
    if tiles:
        write_sheet(folder / _FAULTS_SHEET, tiles)
    return bool(tiles)


def _lines(
    name: str,
    use: FinderUse,
    raw: FinderAccuracy,
    fair: FinderAccuracy,
    curve: list[tuple[float, FinderAccuracy]],
    sweeps: Mapping[str, Sweep],
    *,
    num_photos: int,
) -> list[str]:
    rows = [
        (f"recall, {num_photos} photos", f"{raw.recall_percent:.2f} %"),
        ("precision, faces without a label counted as false", f"{raw.precision_percent:.2f} %"),
        ("precision, reviewed real faces left out", f"{fair.precision_percent:.2f} %"),
        ("photos without faces in which none is found", f"{raw.clean_backgrounds_percent:.2f} %"),
    ]
    points = [
        (
            f"{threshold}",
            f"{accuracy.recall_percent:.2f} %",
            f"{accuracy.precision_percent:.2f} %",
            f"{accuracy.clean_backgrounds_percent:.1f} %",
        )
        for threshold, accuracy in curve
    ]
    lines = [
        f"# {name}, measured",
        "",
        f"The finder {use}, through the C++ core, score at least 0.5, a hit at IoU 0.5.",
        "",
        *table_lines(("", ""), rows),
        "",
        "## Threshold",
        "",
        "![Precision and recall](precision_recall.png)",
        "",
        *table_lines(("score", "recall", "precision", "clean backgrounds"), points),
    ]
    for number, (title, sweep) in enumerate(sweeps.items(), start=1):
        lines += ["", f"## {title}", "", f"![Recall by size](recall_by_size_{number}.png)", ""]
        lines += sweep_lines(sweep)
    return lines


def sweep_lines(sweep: Sweep) -> list[str]:
    """Recall by kind and size as a table of Markdown, the precision in the last column."""
    head = ("recall, %", *[f"{size} px" for size in sweep.sizes_px], "precision")
    rows = [
        (kind, *[f"{value:.0f}" for value in values], f"{sweep.precision_percent[kind]:.1f}")
        for kind, values in sweep.recall_percent.items()
    ]
    return table_lines(head, rows)
