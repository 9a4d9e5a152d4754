"""How well a labeler repeats the labels of face crops: what a network can reach on these labels.

usage: python tools/measure_labels.py FACES [--split val] [--labeler mediapipe]

FACES is a data set of face crops, as 'kilomark train --faces' reads. The labeler looks at each crop
in the four views of tools/label_faces.py. The table gives the error over the box of the first view
and of the average of all views, against the labels, and of the first view against its mirror image.
Rows are parts of the faces by the yaw of their labels. The 95 % intervals come from 1,000 sets of
as many faces, drawn with replacement. A network that is nearer to the labels than the labeler's own
average has learned what they can teach.

MediaPipe needs the environment of tools/label_faces.py.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from kilomark.data.face_crops import read_face_crops
from kilomark.errors import KilomarkError
from labeling.mediapipe_mesh import MediaPipeMissingError, open_mediapipe
from labeling.own_network import open_bundle
from labeling.repeatability import measure, table


def main() -> int:
    """0 if faces were measured, 2 if none could be."""
    options = parse_arguments()
    try:
        faces = read_face_crops(options.faces, options.split, None)
        by_mediapipe = options.labeler == "mediapipe"
        labeler = open_mediapipe() if by_mediapipe else open_bundle(options.labeler)
    except (MediaPipeMissingError, KilomarkError) as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(table(np.abs(faces.pose[:, 0]), measure(faces, labeler))))
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How well a labeler repeats labels.")
    parser.add_argument("faces", type=Path, help="a data set of face crops")
    parser.add_argument("--split", choices=("train", "val"), default="val")
    parser.add_argument(
        "--labeler",
        default="mediapipe",
        help="mediapipe, a shipped bundle, or a bundle's folder (default: mediapipe)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
