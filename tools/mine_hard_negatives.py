#!/usr/bin/env python3
"""Write down what a face detector takes for faces in the photos that it is trained on.

    python tools/mine_hard_negatives.py my-faces --scenes DATA/scenes --out hard_negatives.json
    kilomark train faces --init my-faces --hard-negatives hard_negatives.json ...

It looks at photos with one labeled face each and at those without any, in their own light and in
little of it; with `--finder-tiles` at their parts too, where what is small in a photo is large
enough to be taken for a face. A found box apart from the photo's labeled face is false, unless
the landmark network sees a face in it: the photo may show a second person, whom nobody labeled.
Who has looked at the photos says so with `--reviewed`: boxes of such people by photo, and all the
rest is false. Needs the extra `train`.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kilomark import Detector
from kilomark.data.scenes import (
    Scenes,
    boxes_of_scenes,
    read_backgrounds,
    read_boxes_by_photo,
    read_scenes,
)
from kilomark.evaluation.figures import to_bgr
from kilomark.evaluation.metrics import box_iou, box_share
from kilomark.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kilomark import Face
    from kilomark.data.packed_images import PackedImages

SMALLEST_SCORE = 0.3  # what is nearly a face teaches as much as what is taken for one
LARGEST_OVERLAP = 0.2  # with a face, of the smaller box's area: what holds a face is not false
LARGEST_PRESENCE = 0.5
LIGHTS = (1.0, 0.25)  # of the photo's: what looks like a face may do so in the dark alone
SAME_PLACE = 0.5  # intersection over union


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("bundle", help="of the face detector: a name or a folder")
    parser.add_argument("--scenes", type=Path, required=True, help="data set of scenes")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--landmarks", default="resnext50", help="bundle that knows faces")
    parser.add_argument(
        "--reviewed", type=Path, help="JSON of all second people's boxes by photo, looked at"
    )
    parser.add_argument(
        "--finder-tiles", type=int, default=1, metavar="N", help="also look at N x N tiles"
    )
    parser.add_argument("--cache", type=Path, help="folder for decoded images")
    args = parser.parse_args()

    detector = Detector(
        args.landmarks,
        finder=args.bundle,
        score_threshold=SMALLEST_SCORE,
        presence_threshold=0.0,
        finder_tiles=args.finder_tiles,
    )
    scenes = read_scenes(args.scenes, "train", args.cache)
    reviewed = None
    if args.reviewed is not None:
        reviewed = boxes_of_scenes(read_boxes_by_photo(args.reviewed), scenes)
    backgrounds, rows, _ = read_backgrounds(args.scenes, args.cache)
    found = find_hard_negatives(detector, scenes, reviewed) | find_in_backgrounds(
        detector, backgrounds, rows
    )
    write_whole(args.out, json.dumps(found))
    count = sum(len(boxes) for boxes in found.values())
    print(f"{args.out}: {count} boxes in {len(found)} of {len(scenes) + len(rows)} photos")


def find_hard_negatives(
    detector: Detector, scenes: Scenes, reviewed: Sequence[np.ndarray] | None = None
) -> dict[str, list[list[float]]]:
    """Boxes x0 y0 x1 y1 by the name of their photo.

    Args:
        detector: keeps what it finds, whatever its presence.
        scenes: photos with one labeled face each.
        reviewed: boxes (M, 4) of all other faces, one array a scene; by default whatever the
            landmark network sees a face in may be one.
    """
    found: dict[str, list[list[float]]] = defaultdict(list)
    for scene in range(len(scenes)):
        real = scenes.boxes[scene : scene + 1]
        if reviewed is not None:
            real = np.concatenate([real, reviewed[scene]])
        for face in _found_in(detector, scenes.image(scene)):
            box = np.asarray(face.box, np.float32)
            is_apart = box_share(real, box).max() < LARGEST_OVERLAP
            if is_apart and (reviewed is not None or face.presence < LARGEST_PRESENCE):
                found[scenes.name(scene)].append(_rounded(face.box))
    return dict(found)


def find_in_backgrounds(
    detector: Detector, backgrounds: PackedImages, rows: np.ndarray
) -> dict[str, list[list[float]]]:
    """Boxes x0 y0 x1 y1 by the name of their photo: whatever is found in ``rows`` is false."""
    found = {}
    for row in rows.tolist():
        boxes = [_rounded(face.box) for face in _found_in(detector, backgrounds[row])]
        if boxes:
            found[backgrounds.names[row]] = boxes
    return found


def _found_in(detector: Detector, photo: np.ndarray) -> list[Face]:
    """What is found in any light, once."""
    found: list[Face] = []
    bgr = to_bgr(photo)
    for light in LIGHTS:
        for face in detector.predict((bgr * light).astype(np.uint8)):
            known = np.array([other.box for other in found]).reshape(-1, 4)
            if not (box_iou(known, np.asarray(face.box)) >= SAME_PLACE).any():
                found.append(face)
    return found


def _rounded(box: np.ndarray) -> list[float]:
    return [round(float(edge), 1) for edge in box]


if __name__ == "__main__":
    main()
