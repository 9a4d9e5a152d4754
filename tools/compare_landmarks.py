"""Compare the landmarks of two files that `kilomark predict --json FILE.json` wrote.

usage: python tools/compare_landmarks.py FILE FILE [--limit-px PX]

Exit code 1 if the files differ in their photos or faces, or by more than the limit.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs=2, type=Path)
    parser.add_argument("--limit-px", type=float, default=0.05, help="default: 0.05")
    options = parser.parse_args()
    first, second = (read_faces(file) for file in options.files)
    counts = [len(faces) for faces in first], [len(faces) for faces in second]
    if counts[0] != counts[1] or not any(counts[0]):
        print(f"faces per photo: {counts[0]} and {counts[1]}", file=sys.stderr)
        return 1
    worst = max(
        math.dist(one, other)
        for faces, others in zip(first, second, strict=True)
        for face, peer in zip(faces, others, strict=True)
        for one, other in zip(face, peer, strict=True)
    )
    print(f"{sum(counts[0])} faces; largest difference {worst:.6f} px, limit {options.limit_px} px")
    return 0 if worst <= options.limit_px else 1


def read_faces(file: Path) -> list[list[list[list[float]]]]:
    """The landmarks by photo, face and number."""
    photos = json.loads(file.read_text(encoding="utf-8"))["photos"]
    return [[face["landmarks"] for face in photo["faces"]] for photo in photos]


if __name__ == "__main__":
    sys.exit(main())
