"""Write the landmarks of every photo of a folder to one NumPy file.

`kilomark folder` does this for any number of photos, to Parquet or JSON Lines.

usage: python examples/folder.py FOLDER [-o landmarks.npz]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

import kilomark
from kilomark.whole_files import open_whole


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", default="landmarks.npz")
    parser.add_argument("--model", default="lite")
    parser.add_argument("--finder", default="auto")
    options = parser.parse_args()

    known = Image.registered_extensions()
    photos = sorted(path for path in options.folder.iterdir() if path.suffix.lower() in known)
    detector = kilomark.Detector(options.model, finder=options.finder)
    names, faces = [], []
    results = detector.predict_many(photos, errors="return")
    for photo, found in zip(photos, results, strict=True):
        if isinstance(found, kilomark.InvalidInputError):
            print(found)
            continue
        print(f"{photo.name}: {len(found)} faces")
        names += [photo.name] * len(found)
        faces += found
    shape = (0, detector.topology.num_landmarks, 2)
    landmarks = np.stack([face.landmarks for face in faces]) if faces else np.zeros(shape)
    with open_whole(options.output) as file:
        np.savez_compressed(file, name=np.array(names, str), landmarks=landmarks)
    print(f"wrote {options.output}: {len(faces)} faces in {len(photos)} photos")


if __name__ == "__main__":
    main()
