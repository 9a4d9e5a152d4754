"""Label your own photos: a data set to train landmark networks on, from a folder of photos.

usage: python tools/label_faces.py PHOTOS OUT_FOLDER [--labeler BUNDLE] [--persons folders]

One face a photo. MediaPipe's FaceMesh looks at each photo, at its mirror image, and at copies of
both with borders; what it finds is brought back to the photo and averaged. Photos in which fewer
than two of the four views show a face, or in which a view differs by more than 3 % of the face's
size, are dropped; report.csv lists all photos, and why any was dropped. OUT_FOLDER gets the layout
of the Thousand Facial Landmarks contest: train/images/*.jpg, crops of 1.6 times the face, and
train/landmarks.csv, tab-separated, in pixels of the crops with two decimals.

Photos are read upright, as their EXIF data say. FaceMesh overlooks faces that are less than about a
fifth of a photo wide, and in a group it may take another face in another view: the photo is then
dropped. Cut such photos first.

    python -m venv label && . label/bin/activate
    pip install . && pip install -r tools/requirements-label.txt

--labeler resnext50, or the folder of a bundle of your own, labels by that network instead, the
largest face of each photo, and needs no MediaPipe: self-training on photos without labels.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kilomark.errors import KilomarkError
from labeling.data_set import CropRule
from labeling.folder import PHOTO_SUFFIXES, Rules, label_folder
from labeling.mediapipe_mesh import MediaPipeMissingError, open_mediapipe
from labeling.own_network import open_bundle


def main() -> int:
    """0 if any photo got a label, 1 if none did, 2 if nothing could be tried."""
    options = parse_arguments()
    rules = Rules(
        largest_spread=options.largest_spread / 100,
        crop=CropRule(options.crop_scale, options.longest),
        folders_are_persons=options.persons == "folders",
    )
    try:
        by_mediapipe = options.labeler == "mediapipe"
        labeler = open_mediapipe() if by_mediapipe else open_bundle(options.labeler)
        labeled, total = label_folder(options.photos, options.out, labeler, rules)
    except (MediaPipeMissingError, FileExistsError, KilomarkError) as error:
        print(error, file=sys.stderr)
        return 2
    if not total:
        print(f"no photo ({', '.join(PHOTO_SUFFIXES)}) in {options.photos}", file=sys.stderr)
        return 2
    print(f"{labeled} of {total} photos labeled; {options.out / 'report.csv'} says why not others")
    return 0 if labeled else 1


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Label your own photos of faces.")
    parser.add_argument("photos", type=Path, help="folder of photos; its subfolders count as well")
    parser.add_argument("out", type=Path, help="new folder for the data set")
    parser.add_argument(
        "--labeler",
        default="mediapipe",
        help="mediapipe, a shipped bundle, or a bundle's folder (default: mediapipe)",
    )
    parser.add_argument(
        "--persons",
        choices=("unknown", "folders"),
        default="unknown",
        help="folders: each folder shows one person, and a column says so, to split by",
    )
    parser.add_argument("--largest-spread", type=float, default=3.0, metavar="PERCENT")
    parser.add_argument(
        "--crop-scale", type=float, default=1.6, help="crop over face (default: 1.6)"
    )
    parser.add_argument("--longest", type=int, default=256, metavar="PX", help="of a crop's sides")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
