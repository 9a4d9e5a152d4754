"""Write the landmarks of every photo of a folder to one NumPy file, several photos at a time.

usage: python examples/folder.py FOLDER [-o landmarks.npz]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

import kilomark
from kilomark.whole_files import open_whole

PHOTOS_AT_ONCE = 8


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", default="landmarks.npz")
    parser.add_argument("--model", default="lite")
    parser.add_argument("--finder", default="faces")
    options = parser.parse_args()

    known = Image.registered_extensions()
    photos = sorted(path for path in options.folder.iterdir() if path.suffix.lower() in known)
    detector = kilomark.Detector(options.model, faces=options.finder)
    names, faces = [], []
    for begin in range(0, len(photos), PHOTOS_AT_ONCE):
        batch = photos[begin : begin + PHOTOS_AT_ONCE]
        for photo, found in zip(batch, predict_readable(detector, batch), strict=True):
            print(f"{photo.name}: {len(found)} faces")
            names += [photo.name] * len(found)
            faces += found
    shape = (0, detector.topology.num_landmarks, 2)
    landmarks = np.stack([face.landmarks for face in faces]) if faces else np.zeros(shape)
    with open_whole(options.output) as file:
        np.savez_compressed(file, name=np.array(names, str), landmarks=landmarks)
    print(f"wrote {options.output}: {len(faces)} faces in {len(photos)} photos")


def predict_readable(detector: kilomark.Detector, photos: list[Path]) -> list[list[kilomark.Face]]:
    """Predict photos together, or one by one if one of them cannot be read."""
    try:
        return detector.predict(photos)
    except kilomark.InvalidInputError as error:
        if len(photos) == 1:
            print(error)
            return [[]]
        return [predict_readable(detector, [photo])[0] for photo in photos]


if __name__ == "__main__":
    main()
