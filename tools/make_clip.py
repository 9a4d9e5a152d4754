"""Make a short clip that may be published: the demo photo, moved by known maps, with two blinks.

usage: python tools/make_clip.py [-o CLIP.mp4] [--marked MARKED.mp4]

The clip is tests/video/face.mp4. The photo is in the public domain (NASA).
"""

from __future__ import annotations

import argparse
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np

import kilomark
from kilomark.video import open_source, process_video
from motion.clips import FPS, Photo, map_of, warp
from motion.scenes import BLINK_FRAMES, close_lids

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

DEMO = Path(kilomark.__file__).parent / "demo" / "astronaut.jpg"
NUM_FRAMES = 90
SIZE = (480, 360)
BLINKS_AT = (30, 64)
LARGEST_BYTES = 300_000
MARKED_STYLE = "contours+irises+ids+measures"


def main() -> None:
    parser = argparse.ArgumentParser(description="Make a short clip that may be published.")
    parser.add_argument("-o", "--output", type=Path, default=Path("tests/video/face.mp4"))
    parser.add_argument("--marked", type=Path, help="the clip with its faces drawn")
    options = parser.parse_args()
    detector = kilomark.Detector("resnext50")
    write_clip(options.output, pictures(detector))
    size = options.output.stat().st_size
    print(f"{options.output}: {size:,} bytes")
    if size > LARGEST_BYTES:
        raise SystemExit(f"{options.output} has more than {LARGEST_BYTES:,} bytes")
    if options.marked:
        with open_source(str(options.output)) as source:
            process_video(source, detector, output=options.marked, style=MARKED_STYLE)


def pictures(detector: kilomark.Detector) -> Iterator[npt.NDArray[np.uint8]]:
    """Sway, zoom and roll; (H, W, 3) BGR."""
    image = cv2.imread(str(DEMO))
    face = detector.predict(image)[0]
    photo = Photo(DEMO.name, image, face.to_68()[[36, 45]].astype(np.float64) - 0.5)
    lids = [face.group(name).astype(np.float64) - 0.5 for name in ("right_eye", "left_eye")]
    for n in range(NUM_FRAMES):
        turn = 2 * np.pi * n / NUM_FRAMES
        closed = max(BLINK_FRAMES.get(n - at, 0.0) for at in BLINKS_AT)
        blinking = image
        for contour in lids:
            blinking = close_lids(blinking, contour, closed)
        once, twice = np.sin(turn), np.sin(2 * turn)
        motion = map_of(photo, 0.6 * once, 0.15 * twice, 1 + 0.15 * once, 12 * twice)
        frame = np.clip(warp(blinking, motion), 0, 255).astype(np.uint8)
        yield cv2.resize(frame, SIZE, interpolation=cv2.INTER_AREA)


def write_clip(path: Path, frames: Iterator[npt.NDArray[np.uint8]]) -> None:
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "slow", "crf": "27"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for n, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24")
            frame.pts, frame.time_base = n, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    main()
