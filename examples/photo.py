"""Print the faces of a photo and write it with their landmarks drawn.

usage: python examples/photo.py [PHOTO] [-o PICTURE]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import kilomark
from kilomark.picture_file import write_picture

DEMO = Path(kilomark.__file__).parent / "demo" / "astronaut.jpg"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("photo", nargs="?", default=DEMO, help="default: the demo photo")
    parser.add_argument("-o", "--output", default="photo.png")
    parser.add_argument("--model", default="resnext50")
    parser.add_argument("--finder", default="auto")
    options = parser.parse_args()

    detector = kilomark.Detector(options.model, finder=options.finder)
    faces = detector.predict(options.photo)
    for face in faces:
        print(f"box {face.box.round().tolist()}, score {face.score:.2f}, {face.pose}")
        for name, points in face.groups.items():
            x, y = points.mean(axis=0)
            print(f"  {name:12} {len(points):3} landmarks around ({x:.1f}, {y:.1f})")
    write_picture(kilomark.draw(options.photo, faces), options.output)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
