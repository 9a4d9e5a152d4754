"""Show the landmarks of a camera's or a video's faces. Needs OpenCV: pip install opencv-python

usage: python examples/webcam.py [SOURCE] [-o VIDEO.avi]     SOURCE: a camera's number or a file
"""

from __future__ import annotations

import argparse
import os
import sys

import kilomark

try:
    import cv2
except ImportError:
    sys.exit("this example reads the camera with OpenCV: pip install opencv-python")

MJPG = cv2.VideoWriter.fourcc(*"MJPG")
REMEDY = "write a video instead: --output VIDEO.avi"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("source", nargs="?", default="0", help="camera number or file (default: 0)")
    parser.add_argument("-o", "--output", help="write a video here instead of showing a window")
    parser.add_argument("--model", default="lite")
    parser.add_argument("--finder", default="faces")
    options = parser.parse_args()
    if sys.platform == "linux" and not (options.output or os.getenv("DISPLAY")):
        sys.exit(f"there is no display to show a window on; {REMEDY}")
    source = int(options.source) if options.source.isdigit() else options.source
    camera = cv2.VideoCapture(source)
    if not camera.isOpened():
        sys.exit(f"nothing to read from {source!r}: no such camera or file; try 1, or a video file")
    detector = kilomark.Detector(options.model, faces=options.finder)
    writer, fps, count, going_on = None, camera.get(cv2.CAP_PROP_FPS) or 25, 0, True
    while going_on and (frame := camera.read()[1]) is not None:
        count, drawn = count + 1, kilomark.draw(frame, detector.predict(frame))
        if options.output is None:
            going_on = show(drawn)
        else:
            writer = writer or cv2.VideoWriter(options.output, MJPG, fps, drawn.shape[1::-1])
            writer.write(drawn)
    if writer and not (writer.release() or cv2.VideoCapture(options.output).read()[0]):
        sys.exit(f"{options.output} cannot be written; expected a folder with room in it")
    print(f"{count} frames")


def show(frame: cv2.typing.MatLike) -> bool:  # whether to go on
    try:
        cv2.imshow("kilomark: q ends", frame)
        return cv2.waitKey(1) not in (ord("q"), 27)
    except cv2.error:
        sys.exit(f"this OpenCV has no windows; {REMEDY}")


if __name__ == "__main__":
    main()
