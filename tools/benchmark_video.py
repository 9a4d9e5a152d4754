"""Measure the tracker on generated motion, against kilomark per frame and MediaPipe.

usage: python tools/benchmark_video.py [--model NAME ...] [--photos DIR] [--mediapipe PYTHON]
                                       [--only CLIP ...] [--smoothing S] [--light SHARE]

MediaPipe runs in a Python of its own, such as that of an environment made with
tools/requirements-benchmark.txt. docs/video.md says what is measured and holds the table.
DIR holds photos of one face each, and photos.json: [{"file": ..., "eyes": [[x, y], [x, y]]}], the
outer eye corners, that on the left of the photo first. Without it, the demo photo is used.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

import kilomark
from kilomark.whole_files import write_whole
from motion.clips import Clip, Photo, motion_clips
from motion.report import Table
from motion.scenes import scene_clips
from motion.systems import make_systems

if TYPE_CHECKING:
    from collections.abc import Iterator

DEMO = Path(kilomark.__file__).parent / "demo" / "astronaut.jpg"
MOST_FACES = 2
"""That MediaPipe looks for."""


def main() -> None:
    options = parse_arguments()
    cv2.setNumThreads(1)
    reference = kilomark.Detector("resnext50", device="cpu", num_threads=1)
    table, record = Table(), []
    systems = make_systems(
        options.model,
        options.mediapipe,
        most_faces=MOST_FACES,
        num_threads=options.threads,
        has_per_frame=not options.tracker_only,
        smoothing=options.smoothing,
    )
    for photo in photos_of(options.photos, reference):
        for clip in clips_of(dimmed(photo, options.light), reference, options.only):
            for name, system in systems.items():  # in turns
                run = system(clip)
                values = table.add(clip, name, run)
                record.append({"photo": photo.name, "clip": clip.name, "system": name, **values})
                print(photo.name, clip.name, name, values, flush=True)
    print(f"\n{table}")
    if options.json:
        write_whole(options.json, json.dumps(record, indent=1) + "\n")


def photos_of(folder: Path | None, reference: kilomark.Detector) -> Iterator[Photo]:
    if folder is None:
        image = cv2.imread(str(DEMO))
        face = reference.predict(image)[0].to_68()
        yield Photo(DEMO.name, image, face[[36, 45]].astype(np.float64) - 0.5)
        return
    for item in json.loads((folder / "photos.json").read_text()):
        yield Photo(item["file"], cv2.imread(str(folder / item["file"])), np.array(item["eyes"]))


def dimmed(photo: Photo, light: float) -> Photo:
    """The photo with a share of its light; the noise of the clips stays as it is."""
    return Photo(photo.name, (photo.image * light).astype(np.uint8), photo.eyes)


def clips_of(photo: Photo, reference: kilomark.Detector, only: list[str] | None) -> Iterator[Clip]:
    yield from motion_clips(photo, only)
    if only is None or {"blink", "crossing", "cut", "fade"} & set(only):
        faces = reference.predict(photo.image)
        eyes = [faces[0].group(name).astype(np.float64) - 0.5 for name in ("right_eye", "left_eye")]
        for clip in scene_clips(photo, eyes):
            if only is None or clip.name in only:
                yield clip


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", nargs="+", default=["lite"], help="bundles to measure")
    parser.add_argument("--photos", type=Path, metavar="DIR", help="photos other than the demo's")
    parser.add_argument("--mediapipe", metavar="PYTHON", help="a Python that has mediapipe")
    parser.add_argument("--only", nargs="+", metavar="CLIP", help="clips to run, by name")
    parser.add_argument("--light", type=float, default=1.0, help="0 to 1, of the photo's light")
    parser.add_argument("--smoothing", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=1, help="threads of kilomark")
    parser.add_argument("--tracker-only", action="store_true", help="not the detector per frame")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all scores here as well")
    return parser.parse_args()


if __name__ == "__main__":
    main()
