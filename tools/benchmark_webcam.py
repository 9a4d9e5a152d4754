"""Measure the delay of `kilomark webcam`: how old a frame is when it is shown.

usage: python tools/benchmark_webcam.py [--seconds S] [--slow MS ...] [--model NAME]

A generated camera gives 30 frames/s of a moving face. The window's screen takes some milliseconds
for each picture, as a slow board does. The same screen behind a queue of all frames is measured
beside it. docs/video.md holds the table.
"""

from __future__ import annotations

import argparse
import queue
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

import kilomark
from kilomark.drawing import draw
from kilomark.video import VideoFrame, VideoSource
from kilomark.video.newest_frame import NewestFrame
from kilomark.video.webcam import show_webcam
from kilomark.video.webcam_state import WebcamState
from motion.clips import Photo, map_of, warp

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

DEMO = Path(kilomark.__file__).parent / "demo" / "astronaut.jpg"
FPS = 30


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the delay of kilomark webcam.")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each run")
    parser.add_argument("--slow", nargs="+", type=float, default=[0, 50, 100], metavar="MS")
    parser.add_argument("--model", default="lite")
    options = parser.parse_args()
    detector = kilomark.Detector(options.model, device="cpu")
    frames = moving_face(detector)
    print("| screen takes | reading | frames/s | delay, median | delay at the end | dropped |")
    print("|---|---|---|---|---|---|")
    for slow_ms in options.slow:
        for name, run in (("newest frame", run_newest), ("queue", run_queue)):
            ages_ms, dropped = run(detector, Camera(frames), slow_ms / 1e3, options.seconds)
            print(
                f"| {slow_ms:g} ms | {name} | {len(ages_ms) / options.seconds:.1f} | "
                f"{np.median(ages_ms):.0f} ms | {np.median(ages_ms[-5:]):.0f} ms | {dropped} |",
                flush=True,
            )


def moving_face(detector: kilomark.Detector) -> list[npt.NDArray[np.uint8]]:
    """A second of a swaying face, 640 x 480 px."""
    image = cv2.imread(str(DEMO))
    eyes = detector.predict(image)[0].to_68()[[36, 45]].astype(np.float64) - 0.5
    photo = Photo(DEMO.name, image, eyes)
    sways = 0.3 * np.sin(2 * np.pi * np.arange(FPS) / FPS)
    pictures = [warp(image, map_of(photo, sway, 0.0, 1.0, 0.0)) for sway in sways]
    return [np.clip(picture, 0, 255).astype(np.uint8) for picture in pictures]


class Camera(VideoSource):
    """Gives a frame each 1/30 s."""

    name = "generated camera"
    is_live = True

    def __init__(self, pictures: list[npt.NDArray[np.uint8]]) -> None:
        self._pictures = pictures

    def frames(self, start_seconds: float = 0.0) -> Iterator[VideoFrame]:
        begin = time.monotonic()
        for number in range(1_000_000):
            time.sleep(max(0.0, begin + number / FPS - time.monotonic()))
            picture = self._pictures[number % len(self._pictures)]
            yield VideoFrame(picture, start_seconds + number / FPS)


class SlowScreen:
    """Shows nothing, slowly, and presses q in the end."""

    def __init__(self, seconds_a_frame: float, seconds: float) -> None:
        self._seconds_a_frame = seconds_a_frame
        self._end = time.monotonic() + seconds

    def show(self, image: npt.NDArray[np.uint8]) -> int:
        del image
        time.sleep(self._seconds_a_frame)
        return ord("q") if time.monotonic() > self._end else -1


def run_newest(
    detector: kilomark.Detector, camera: Camera, slow_seconds: float, seconds: float
) -> tuple[list[float], int]:
    """Return the age of each shown frame, in ms, and how many were dropped."""
    screen = SlowScreen(slow_seconds, seconds)
    with NewestFrame(lambda: camera) as frames:
        history = show_webcam(frames, screen, lambda _: detector, WebcamState(["lite"]), Path())
    return [numbers.latency_ms for numbers in history], history[-1].skipped


def run_queue(
    detector: kilomark.Detector, camera: Camera, slow_seconds: float, seconds: float
) -> tuple[list[float], int]:
    """The same with every frame in its turn, as a plain loop over a camera with a buffer does."""
    waiting: queue.Queue[tuple[float, npt.NDArray[np.uint8]]] = queue.Queue()
    end = time.monotonic() + seconds

    def read() -> None:
        for frame in camera.frames():
            if time.monotonic() > end:
                return
            waiting.put((time.monotonic(), frame.image))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    tracker, screen, ages_ms = kilomark.Tracker(detector), SlowScreen(slow_seconds, seconds), []
    while time.monotonic() < end:
        try:
            read_at, image = waiting.get(timeout=1.0)
        except queue.Empty:  # the camera has ended
            break
        draw(image, tracker.update(image, read_at), style="contours+ids", mirror=True)
        screen.show(image)
        ages_ms.append(1e3 * (time.monotonic() - read_at))
    reader.join()
    return ages_ms, 0


if __name__ == "__main__":
    main()
