"""The report's plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from kilomark.evaluation.learning_curves import write_learning_curves
from kilomark.whole_files import open_whole, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from kilomark.evaluation.metrics import Calibration, RocCurve

__all__ = [
    "add_learning_curves",
    "plot_calibration",
    "plot_cumulative_error",
    "plot_precision_recall",
    "plot_recall_by_size",
    "plot_roc",
]

LEARNING_CURVES = "learning_curves.png"

Array = np.ndarray[Any, Any]


def plot_cumulative_error(path: Path, per_face: Array, limit: float) -> None:
    """Share of faces below each error."""
    figure, axes = _figure()
    errors = np.sort(per_face)
    axes.step(errors, 100 * np.arange(1, len(errors) + 1) / len(errors), where="post")
    axes.set(xlim=(0, limit), ylim=(0, 100))
    axes.set(xlabel="NME, % of the outer eye corners' distance", ylabel="faces below it, %")
    _save(figure, path)


def plot_calibration(path: Path, found: Calibration, scale: float) -> None:
    """Mean error against mean predicted spread, both times ``scale``: px of the 128 px crop."""
    figure, axes = _figure()
    spread, error = scale * found.spread, scale * found.error
    top = 1.05 * float(max(spread.max(), error.max()))
    axes.plot([0, top], [0, top], color="gray", linewidth=1, linestyle="--", label="ideal")
    axes.plot(spread, error, marker="o", label="a twelfth of the landmarks each")
    axes.set(xlim=(0, top), ylim=(0, top))
    axes.set(xlabel="predicted spread, px of the 128 px crop", ylabel="mean error, px")
    axes.legend()
    _save(figure, path)


def plot_roc(path: Path, curve: RocCurve) -> None:
    """Faces kept against photos without faces kept."""
    figure, axes = _figure()
    axes.plot(100 * curve.false_share, 100 * curve.true_share, marker=".")
    axes.set(xlim=(-1, 101), ylim=(-1, 101))
    axes.set(xlabel="negatives taken for faces, %", ylabel="faces kept, %")
    axes.set_title(f"area {curve.area:.4f}")
    _save(figure, path)


def plot_recall_by_size(
    path: Path, sizes_px: Sequence[float], recall_percent: Mapping[str, Sequence[float]]
) -> None:
    """One curve for each kind of face."""
    figure, axes = _figure(width=7.0)
    for name, values in recall_percent.items():
        axes.plot(sizes_px, values, marker="o", markersize=3, label=name)
    axes.set_xscale("log")
    axes.set_xticks(list(sizes_px), [f"{size:g}" for size in sizes_px])
    axes.minorticks_off()
    axes.axhline(99, color="gray", linewidth=1, linestyle="--")
    axes.set(ylim=(0, 101), xlabel="longer side of the face, px", ylabel="recall, %")
    axes.legend(loc="lower right")
    _save(figure, path)


def plot_precision_recall(path: Path, recall: Array, precision: Array, labels: Array) -> None:
    """Precision against recall along score thresholds, some of them named."""
    figure, axes = _figure()
    axes.plot(recall, precision, marker=".")
    for x, y, threshold in zip(recall, precision, labels, strict=True):
        axes.annotate(f"{threshold:.2f}", (x, y), fontsize=7, xytext=(3, -8),
                      textcoords="offset points")  # fmt: skip
    axes.set(xlabel="recall, %", ylabel="precision, %")
    _save(figure, path)


def add_learning_curves(folder: Path, run_dir: Path | None) -> bool:
    """Draw the curves of a run and put a copy beside the report; False where there are none."""
    drawn = None if run_dir is None else write_learning_curves(run_dir)
    if drawn is None:
        return False
    write_whole(folder / LEARNING_CURVES, drawn.read_bytes())
    return True


def _save(figure: Figure, path: Path) -> None:
    with open_whole(path) as file:
        figure.savefig(file, format="png")


def _figure(width: float = 5.0) -> tuple[Figure, Axes]:
    """A figure of its own canvas: no window, no global state."""
    figure = Figure(figsize=(width, 4.0), dpi=110, layout="constrained")
    axes = figure.subplots()
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
