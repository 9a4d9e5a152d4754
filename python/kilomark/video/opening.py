"""The source of a video, by what the user names."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.errors import InvalidInputError
from kilomark.excerpts import cut_text, excerpt
from kilomark.video.addresses import is_stream_address, without_password
from kilomark.video.camera_source import CameraSource, GStreamerSource
from kilomark.video.ffmpeg_source import FfmpegSource
from kilomark.video.frames import USUAL_RATE
from kilomark.video.picture_source import PictureSource, is_picture_sequence

if TYPE_CHECKING:
    from kilomark.video.frames import VideoSource

__all__ = ["is_pipeline", "open_source"]

GSTREAMER_PREFIX = "gst:"


def is_pipeline(source: str) -> bool:
    """Tell whether a source is a GStreamer pipeline, if it is not a file of that name."""
    return source.startswith(GSTREAMER_PREFIX) or " ! " in source


def open_source(
    source: str | int | os.PathLike[str], *, frames_per_second: float | None = None
) -> VideoSource:
    """Open a video.

    Args:
        source: one of

            * a camera's number, such as 0 or ``"0"`` (needs OpenCV);
            * a video file or an animated GIF, or whatever else FFmpeg reads;
            * an address: ``rtsp://``, ``rtmp://``, ``http://``, ``udp://``, ``srt://``;
            * a GStreamer pipeline: ``"v4l2src ! videoconvert ! appsink"``, with at least one
              ``!``, or behind ``gst:`` (needs an OpenCV with GStreamer);
            * a folder of pictures, a pattern ``"frames/*.png"``, or ``"frames/%04d.png"``.
        frames_per_second: of a sequence of pictures; by default 25.

    Raises:
        DependencyError: the package that reads this source is not installed.
        InvalidInputError: there is no such source, or it cannot be read.
    """
    if frames_per_second is not None and not 0 < frames_per_second < math.inf:
        raise InvalidInputError(
            f"the frame rate is {excerpt(frames_per_second)}; expected frames per second, more "
            "than 0"
        )
    text = str(source) if isinstance(source, int) else os.fspath(source)
    if text.isdecimal() and not Path(text).exists():
        return CameraSource(int(text))
    if text.startswith(GSTREAMER_PREFIX):
        return GStreamerSource(text.removeprefix(GSTREAMER_PREFIX))
    if is_stream_address(text):
        return FfmpegSource(text)
    if is_picture_sequence(text):
        return PictureSource(text, frames_per_second or USUAL_RATE)
    if not Path(text).exists():
        if " ! " in text:
            return GStreamerSource(text)
        raise InvalidInputError(
            f"there is no video {cut_text(without_password(text))}; pass a file, a camera's "
            "number, an address such as rtsp://..., a GStreamer pipeline, or a folder of pictures"
        )
    return FfmpegSource(text)
