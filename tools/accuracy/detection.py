"""Faces found, missed and false by size and by slice of photos, and how far scores can be trusted.

Reliability: boxes are put into ten bins of equal width by score. A bin's mean score should be the
share of its boxes that lie on a labeled face. The expected calibration error (ECE) is the mean
distance of the two, weighted by the number of boxes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.errors import InvalidInputError

from .scoring import Counts, match

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from .layouts import LabeledPhoto
    from .scoring import Found

__all__ = [
    "Reliability",
    "ScoredBoxes",
    "counts_by_size",
    "counts_of",
    "read_slices",
    "reliability",
    "scored_boxes",
]

Array = np.ndarray[Any, Any]

SIZES_PX = ((0, 12), (12, 16), (16, 24), (24, 48), (48, 96), (96, None))
"""Longer side of the label, from and below."""

NUM_BINS = 10
_THRESHOLD = 0.5


def counts_of(photos: Sequence[LabeledPhoto], answers: Sequence[Found]) -> Counts:
    """Found, missed and false faces of one system over photos."""
    total = Counts()
    for photo, answer in zip(photos, answers, strict=True):
        _, counts = match(photo.boxes, photo.ignored, answer.boxes)
        total.found += counts.found
        total.missed += counts.missed
        total.false += counts.false
    return total


def counts_by_size(
    photos: Sequence[LabeledPhoto], answers: Sequence[Found]
) -> dict[str, tuple[int, int]]:
    """Found and labeled faces by the label's longer side in pixels of the photo."""
    sides, hits = [np.zeros(0)], [np.zeros(0, bool)]
    for photo, answer in zip(photos, answers, strict=True):
        partner, _ = match(photo.boxes, photo.ignored, answer.boxes)
        asked = ~photo.ignored
        sides.append((photo.boxes[:, 2:] - photo.boxes[:, :2]).max(1, initial=0)[asked])
        hits.append(partner[asked] >= 0)
    side, hit = np.concatenate(sides), np.concatenate(hits)
    result = {}
    for low, high in SIZES_PX:
        rows = (side >= low) & (side < (high or np.inf))
        name = f"{low}+ px" if high is None else f"{low}-{high} px"
        result[name] = (int(hit[rows].sum()), int(rows.sum()))
    return result


@dataclass(frozen=True, slots=True, eq=False)
class ScoredBoxes:
    """Boxes that a system finds, without those on ignored labels.

    Attributes:
        scores: (N,).
        is_face: (N,) bool, the box lies on a labeled face.
        num_labels: labeled faces.
    """

    scores: Array
    is_face: Array
    num_labels: int


def scored_boxes(photos: Sequence[LabeledPhoto], answers: Sequence[Found]) -> ScoredBoxes:
    """Judge every box of one system.

    Raises:
        InvalidInputError: the system gives no scores.
    """
    scores, is_face, num_labels = [np.zeros(0)], [np.zeros(0, bool)], 0
    for photo, answer in zip(photos, answers, strict=True):
        if answer.scores is None:
            raise InvalidInputError("a system without scores; expected kilomark or YuNet")
        partner, _ = match(photo.boxes, photo.ignored, answer.boxes)
        hit = np.zeros(len(answer.boxes), bool)
        hit[partner[(partner >= 0) & ~photo.ignored]] = True
        kept = hit | ~_on_ignored(photo, answer)
        scores.append(answer.scores[kept])
        is_face.append(hit[kept])
        num_labels += int((~photo.ignored).sum())
    return ScoredBoxes(np.concatenate(scores), np.concatenate(is_face), num_labels)


def _on_ignored(photo: LabeledPhoto, answer: Found) -> Array:
    alone = np.zeros(1, bool)
    ignored = photo.boxes[photo.ignored]
    meets = [
        any(match(label[None], alone, box[None])[0][0] >= 0 for label in ignored)
        for box in answer.boxes
    ]
    return np.array(meets, bool)


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far scores are probabilities.

    Attributes:
        bins: for each bin that holds a box: lowest score, number, mean score, share of faces.
        ece: expected calibration error, 0 to 1.
        f1: harmonic mean of precision and recall at a score of 0.5.
        best_f1: the best over all thresholds.
        best_threshold: where it is.
    """

    bins: tuple[tuple[float, int, float, float], ...]
    ece: float
    f1: float
    best_f1: float
    best_threshold: float


def reliability(boxes: ScoredBoxes) -> Reliability:
    """Reliability over all boxes, and the threshold of the best F1."""
    bin_of = np.minimum((boxes.scores * NUM_BINS).astype(int), NUM_BINS - 1)
    bins, off = [], 0.0
    for number in np.unique(bin_of):
        rows = bin_of == number
        score, share = float(boxes.scores[rows].mean()), float(boxes.is_face[rows].mean())
        bins.append((number / NUM_BINS, int(rows.sum()), score, share))
        off += float(rows.mean()) * abs(score - share)
    thresholds = np.unique(np.append(boxes.scores, _THRESHOLD))
    f1 = np.array([_f1(boxes, threshold) for threshold in thresholds])
    best = int(f1.argmax())
    return Reliability(
        tuple(bins), off, _f1(boxes, _THRESHOLD), float(f1[best]), float(thresholds[best])
    )


def _f1(boxes: ScoredBoxes, threshold: float) -> float:
    kept = boxes.scores >= threshold
    hits = int(boxes.is_face[kept].sum())
    return 2 * hits / max(int(kept.sum()) + boxes.num_labels, 1)


def read_slices(path: Path) -> Mapping[str, frozenset[str]]:
    """Read names of photos by slice: ``{"dark": ["a.jpg", "b.jpg"], ...}``.

    Raises:
        InvalidInputError: the file holds something else.
    """
    try:
        raw = json.loads(path.read_text())
        return {str(name): frozenset(map(str, photos)) for name, photos in raw.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise InvalidInputError(
            f"{path} cannot be read ({error}); expected a JSON object of lists of photo names"
        ) from None
