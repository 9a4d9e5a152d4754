"""The curves of a run as one picture, drawn from its ``progress.jsonl``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from kilomark.whole_files import open_whole

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

__all__ = ["write_learning_curves"]

_NOT_CURVES = {"samples", "size"}


def write_learning_curves(run_dir: Path) -> Path | None:
    """Draw every figure of ``progress.jsonl`` over the samples into ``learning_curves.png``.

    Returns:
        The picture's path, or None where nothing was logged.
    """
    curves = _read_curves(run_dir / "progress.jsonl")
    if not curves:
        return None
    columns = min(3, len(curves))
    rows = -(-len(curves) // columns)
    figure = Figure(figsize=(5 * columns, 3 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False).flat
    for plot, (name, (samples, values)) in zip(axes, curves.items(), strict=False):
        _draw(plot, name, samples, values)
    for unused in list(axes)[len(curves) :]:
        unused.set_axis_off()
    path = run_dir / "learning_curves.png"
    with open_whole(path) as file:
        figure.savefig(file, dpi=100, format="png")
    return path


def _read_curves(path: Path) -> dict[str, tuple[list[float], list[float]]]:
    curves: dict[str, tuple[list[float], list[float]]] = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        row = json.loads(line)
        for name in row.keys() - _NOT_CURVES:
            samples, values = curves.setdefault(name, ([], []))
            samples.append(row["samples"])
            values.append(row[name])
    return dict(sorted(curves.items()))


def _draw(plot: Axes, name: str, samples: list[float], values: list[float]) -> None:
    plot.plot(samples, values, marker="." if len(values) < 50 else "")
    is_wide = min(values) > 0 and max(values) > 10 * min(values)
    if is_wide:
        plot.set_yscale("log")
    plot.set_title(name)
    plot.set_xlabel("samples")
    plot.grid(visible=True, alpha=0.3)
