"""Frames of cameras and GStreamer pipelines, by OpenCV."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kilomark.errors import DependencyError, InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.video.addresses import without_password
from kilomark.video.frames import VideoFrame, VideoSource

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CameraSource", "GStreamerSource", "check_device", "has_gstreamer", "import_cv2"]


def import_cv2() -> Any:  # noqa: ANN401  # a module
    """Import OpenCV.

    Raises:
        DependencyError: it is not installed.
    """
    try:
        import cv2
    except ModuleNotFoundError as error:
        raise DependencyError(
            "cameras need OpenCV: pip install opencv-python, "
            "or opencv-python-headless on a machine without a screen"
        ) from error
    return cv2


class _OpenCvSource(VideoSource):
    is_live = True

    def __init__(self, name: str, capture: Any, remedy: str) -> None:  # noqa: ANN401
        self.name = name
        self._capture = capture
        self._remedy = remedy
        rate = capture.get(import_cv2().CAP_PROP_FPS)
        self.frames_per_second = rate if 0 < rate < 1000 else None

    def frames(self, start_seconds: float = 0.0) -> Iterator[VideoFrame]:
        """Yield frames until the source ends; their times are those of this machine's clock.

        Raises:
            InvalidInputError: not even the first frame came.
        """
        begin: float | None = None
        while True:
            is_read, image = self._capture.read()
            now = time.monotonic()
            if not is_read or image is None:
                if begin is None:
                    raise InvalidInputError(f"{self.name} gives no frames; {self._remedy}")
                return
            begin = now if begin is None else begin
            if now - begin >= start_seconds:
                yield VideoFrame(image, now - begin)

    def close(self) -> None:
        """See `VideoSource.close`."""
        self._capture.release()


class CameraSource(_OpenCvSource):
    """A camera of this machine.

    Args:
        number: 0 for the first one.
        size: width and height to ask the camera for; it may give others.

    Raises:
        DependencyError: OpenCV is not installed.
        InvalidInputError: there is no such camera, or it may not or cannot be opened.
    """

    def __init__(self, number: int, size: tuple[int, int] | None = None) -> None:
        cv2 = import_cv2()
        check_device(number)
        capture = cv2.VideoCapture(number)
        if not capture.isOpened():
            capture.release()
            raise InvalidInputError(
                f"camera {number} cannot be opened; another program may be using it: close that, "
                "or name another camera"
            )
        if size is not None:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        super().__init__(f"camera {number}", capture, "unplug it and plug it in again")


def check_device(number: int, folder: Path = Path("/dev")) -> None:
    """Say plainly what OpenCV reports only as "not opened"."""
    if not folder.is_dir() or not Path("/proc").is_dir():  # no Linux
        return
    device = folder / f"video{number}"
    if not device.exists():
        found = sorted(int(path.name[5:]) for path in folder.glob("video[0-9]*"))
        known = (
            f"this machine has {', '.join(map(str, found))}"
            if found
            else "this machine has none; plug one in, or pass a video file or an RTSP address"
        )
        raise InvalidInputError(f"there is no camera {number} ({device}); {known}")
    if not os.access(device, os.R_OK | os.W_OK):
        raise InvalidInputError(
            f"camera {number} ({device}) may not be read by this user; add the user to its group: "
            "sudo usermod -aG video $USER, then log in again"
        )


class GStreamerSource(_OpenCvSource):
    """A GStreamer pipeline that ends in an appsink, such as that of a Jetson's CSI camera.

    Raises:
        DependencyError: OpenCV is not installed, or not built with GStreamer.
        InvalidInputError: the pipeline cannot be started.
    """

    def __init__(self, pipeline: str) -> None:
        name = without_password(pipeline)
        cv2 = import_cv2()
        if not has_gstreamer(cv2.getBuildInformation()):
            raise DependencyError(
                "this OpenCV is built without GStreamer, as those of pip are; use the system's "
                "(apt install python3-opencv, or JetPack's), or read a file, a camera or RTSP"
            )
        capture = cv2.VideoCapture(pipeline, cv2.CAP_GSTREAMER)
        if not capture.isOpened():
            capture.release()
            raise InvalidInputError(
                f"the GStreamer pipeline {excerpt(name)} cannot be started; try it with "
                "gst-launch-1.0, and end it with: videoconvert ! video/x-raw,format=BGR ! appsink"
            )
        super().__init__(name, capture, "try the pipeline with gst-launch-1.0")


def has_gstreamer(build_information: str) -> bool:
    """Tell whether an OpenCV of this `cv2.getBuildInformation` reads GStreamer pipelines."""
    return any(
        line.strip().startswith("GStreamer:") and "YES" in line
        for line in build_information.splitlines()
    )
