"""How well a labeler repeats the labels of face crops."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.evaluation.metrics import box_errors

from .views import VIEWS

if TYPE_CHECKING:
    from kilomark.data.face_crops import FaceCrops

    from .views import Labeler

Array = np.ndarray[Any, Any]

YAW_EDGES_DEG = (0, 30, 45, 90)
NUM_DRAWS = 1000
COLUMNS = ("one view", "average of the views", "one view against its mirror image")


def measure(faces: FaceCrops, labeler: Labeler) -> Array:
    """(N, 3) error over the box in percent, for each of COLUMNS; NaN where no view shows a face."""
    views = np.stack(
        [
            look(faces.image(face), labeler, faces.landmarks[face].shape)
            for face in range(len(faces))
        ]
    )
    views = views.swapaxes(0, 1)
    is_seen = np.isfinite(views).all(axis=(2, 3))
    shown = np.where(is_seen[..., None, None], views, 0)
    average = shown.sum(0) / np.maximum(is_seen.sum(0), 1)[:, None, None]
    average[~is_seen.any(0)] = np.nan
    labels = faces.landmarks
    pairs = ((views[0], labels), (average, labels), (views[0], views[1]))
    return np.stack([box_errors(placed, target) for placed, target in pairs], 1)


def look(image: Array, labeler: Labeler, shape: tuple[int, ...]) -> Array:
    """(V, K, 2) landmarks in the crop for each view; NaN where it shows no face."""
    placed = [labeler.place(view.show(image)) for view in VIEWS]
    return np.stack(
        [
            np.full(shape, np.nan)
            if landmarks is None
            else view.restore(landmarks, image, labeler.mirror)
            for view, landmarks in zip(VIEWS, placed, strict=True)
        ]
    )


def table(yaw_deg: Array, errors: Array) -> list[str]:
    """Lines of a Markdown table: mean and interval for each range of the yaw."""
    lines = ["| yaw | faces | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 2) + "|"]
    for low, high in pairwise(YAW_EDGES_DEG):
        part = errors[(yaw_deg >= low) & (yaw_deg < high)]
        cells = [mean_and_interval(column[np.isfinite(column)]) for column in part.T]
        lines.append(f"| {low} to {high} | {len(part)} | " + " | ".join(cells) + " |")
    return lines


def mean_and_interval(errors: Array) -> str:
    """The mean, its 95 % interval, and of how many faces."""
    if not len(errors):
        return "none"
    generator = np.random.default_rng(0)
    drawn = generator.choice(errors, (NUM_DRAWS, len(errors))).mean(1)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return f"{errors.mean():.2f} % ({low:.2f} to {high:.2f}, {len(errors)} faces)"
