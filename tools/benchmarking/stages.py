"""How long each stage of `Detector.predict` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .results import Row
from .timing import Timing

if TYPE_CHECKING:
    from kilomark import Detector

    from .photos import BgrImage, Box

STAGES = {
    "hold_ms": "check and upload images",
    "letterbox_ms": "shrink the image for the finder",
    "find_ms": "finder network",
    "decode_ms": "decode faces, non-maximum suppression",
    "rescore_ms": "rescore with another network",
    "select_ms": "choose faces, drop duplicates",
    "crop_ms": "crop and normalize faces",
    "infer_ms": "landmark network",
    "map_ms": "map landmarks back",
    "total_ms": "whole call of the core",
}


def stage_rows(
    detector: Detector, image: BgrImage, *, box: Box | None = None, rounds: int
) -> list[Row]:
    """Time the stages that run: all of them, or with ``box`` those after the finder."""
    calls = [detector.predict_timed(image, boxes=box)[1] for _ in range(rounds)]
    samples = {name: tuple(getattr(times, name) for times in calls) for name in STAGES}
    return [
        Row(f"  stage: {label}", Timing(samples[name]))
        for name, label in STAGES.items()
        if any(samples[name])
    ]
