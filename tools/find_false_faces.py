#!/usr/bin/env python3
"""Write down what a face finder takes for faces in the photos that it is trained on.

    python tools/find_false_faces.py runs/my-faces --scenes DATA/scenes --out false_faces.json
    kilomark train faces --init runs/my-faces --false-faces false_faces.json ...

A found box apart from the photo's labelled face is false, unless the landmark network sees a face
in it: the photo may show a second person, whom nobody labelled. Who has looked at the photos says
so with `--reviewed`: boxes of such people by photo, and all the rest is false. Needs the extra
`train`.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kilomark import Detector
from kilomark.data.scenes import Scenes, boxes_of_scenes, read_boxes_by_photo, read_scenes
from kilomark.training.evaluation import to_bgr
from kilomark.training.metrics import box_share

if TYPE_CHECKING:
    from collections.abc import Sequence

SMALLEST_SCORE = 0.3  # what is nearly a face teaches as much as what is taken for one
LARGEST_OVERLAP = 0.2  # with a face, of the smaller box's area: what holds a face is not false
LARGEST_PRESENCE = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("bundle", help="of the face finder: a name or a folder")
    parser.add_argument("--scenes", type=Path, required=True, help="data set of scenes")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--landmarks", default="resnext50", help="bundle that knows faces")
    parser.add_argument(
        "--reviewed", type=Path, help="JSON of all second people's boxes by photo, looked at"
    )
    parser.add_argument("--cache", type=Path, help="folder for decoded images")
    args = parser.parse_args()

    detector = Detector(
        args.landmarks,
        faces=args.bundle,
        score_threshold=SMALLEST_SCORE,
        presence_threshold=0.0,
    )
    scenes = read_scenes(args.scenes, "train", args.cache)
    reviewed = None
    if args.reviewed is not None:
        reviewed = boxes_of_scenes(read_boxes_by_photo(args.reviewed), scenes)
    found = find_false_faces(detector, scenes, reviewed)
    args.out.write_text(json.dumps(found))
    count = sum(len(boxes) for boxes in found.values())
    print(f"{args.out}: {count} boxes in {len(found)} of {len(scenes)} photos")


def find_false_faces(
    detector: Detector, scenes: Scenes, reviewed: Sequence[np.ndarray] | None = None
) -> dict[str, list[list[float]]]:
    """Boxes x0 y0 x1 y1 by the name of their photo.

    Args:
        detector: keeps what it finds, whatever its presence.
        scenes: photos with one labelled face each.
        reviewed: boxes (M, 4) of all other faces, one array a scene; by default whatever the
            landmark network sees a face in may be one.
    """
    found: dict[str, list[list[float]]] = defaultdict(list)
    for scene in range(len(scenes)):
        photo = to_bgr(scenes.image(scene))
        real = scenes.boxes[scene : scene + 1]
        if reviewed is not None:
            real = np.concatenate([real, reviewed[scene]])
        for face in detector.predict(photo):
            box = np.asarray(face.box, np.float32)
            is_apart = box_share(real, box).max() < LARGEST_OVERLAP
            if is_apart and (reviewed is not None or face.presence < LARGEST_PRESENCE):
                found[scenes.name(scene)].append([round(float(edge), 1) for edge in box])
    return dict(found)


if __name__ == "__main__":
    main()
