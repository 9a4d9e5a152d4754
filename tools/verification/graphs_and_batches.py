"""CUDA graphs, batches and threads change nothing but the time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from . import limits
from .outcomes import Figures, require
from .subject import Subject, boxes, crop_sides, frames, moved_px

BATCHES = (1, 2, 3, 7, 8, 15, 16, 31, 32, 64, 100, 128, 255, 256)
ROUNDS_PER_THREAD = 50


def graphs_on_and_off(subject: Subject) -> Figures:
    """The same answers with CUDA graphs and without, twice each: captured, then replayed."""
    (picture,) = frames(1)
    given = boxes(5)
    plain = subject.detector(graphs=False).predict(picture, boxes=given)
    worst = 0.0
    for _ in range(3):
        captured = subject.detector().predict(picture, boxes=given)
        worst = max(worst, float(moved_px(captured, plain, crop_sides(given)).max()))
    require(worst <= limits.GRAPH_WORST_PX, f"with graphs a landmark moves by {worst:.4f} px")
    return {"worst_px": worst}


def batches_as_singles(subject: Subject) -> Figures:
    """A batch of N gives what N single calls give; each size twice, in turn with the others."""
    (picture,) = frames(1)
    given = boxes(subject.largest_batch)
    detector = subject.detector()
    singles = [detector.predict(picture, boxes=box[None])[0] for box in given]
    sizes = [size for size in BATCHES if size <= subject.largest_batch]
    worst: dict[int, float] = {}
    for size in [*sizes, *reversed(sizes)]:
        together = detector.predict(picture, boxes=given[:size])
        moved = moved_px(together, singles[:size], crop_sides(given[:size]))
        worst[size] = max(worst.get(size, 0.0), float(moved.max()))
    figures = {f"batch {size}, worst px": value for size, value in worst.items()}
    over = [size for size, value in worst.items() if not value <= limits.BATCH_WORST_PX]
    require(not over, f"batches {over} differ from single faces", figures)
    return figures


def two_threads(subject: Subject) -> Figures:
    """Two threads share a detector and each gets the answers to its own questions."""
    pictures = frames(2)
    given = [boxes(3, seed=1), boxes(9, seed=2)]
    detector = subject.detector()
    alone = [detector.predict(p, boxes=b) for p, b in zip(pictures, given, strict=True)]

    def worst_of(thread: int) -> float:
        worst = 0.0
        for _ in range(ROUNDS_PER_THREAD):
            found = detector.predict(pictures[thread], boxes=given[thread])
            moved = moved_px(found, alone[thread], crop_sides(given[thread]))
            worst = max(worst, float(moved.max()))
        return worst

    with ThreadPoolExecutor(2) as pool:
        worst = float(np.max(list(pool.map(worst_of, range(2)))))
    figures = {"calls": 2 * ROUNDS_PER_THREAD, "worst_px": worst}
    require(worst <= limits.THREADS_WORST_PX, f"a landmark moves by {worst:.4f} px", figures)
    return figures
