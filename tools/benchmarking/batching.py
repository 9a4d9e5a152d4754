"""Section: faces per second when many faces come at once."""

from __future__ import annotations

from functools import partial

from kilomark import Detector

from .photos import face_box, frame
from .results import Row, Section
from .timing import alternate

WIDTH, HEIGHT = 640, 480
BATCHES = (1, 4, 16)


def measure(*, rounds: int) -> Section:
    section = Section(
        "batching", f"{WIDTH}x{HEIGHT} frame, 1, 4 or 16 given boxes in one call, default threads"
    )
    image, box = frame(WIDTH, HEIGHT), face_box(WIDTH, HEIGHT)
    for name in ("resnext50", "lite"):
        predict = partial(Detector(name, finder=None, blend=False, eyes=False).predict, image)
        calls = {batch: partial(predict, boxes=[box] * batch) for batch in BATCHES}
        for batch, timing in alternate(calls, rounds=max(5, rounds // 4)).items():
            rate = batch / timing.p50_ms * 1e3
            section.rows.append(Row(f"{name}, {batch} faces", timing, figure=rate, unit="faces/s"))
    return section
