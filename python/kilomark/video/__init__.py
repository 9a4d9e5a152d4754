"""Videos: read from files, streams and cameras, followed by a `Tracker`, and written again.

    from kilomark import Detector
    from kilomark.video import open_source, process_video

    detector = Detector("lite")
    with open_source("clip.mp4") as source:
        process_video(source, detector, output="marked.mp4", landmarks="faces.parquet")

Needs PyAV, which the extra ``kilomark[video]`` installs: FFmpeg with its codecs inside a wheel.
"""

from __future__ import annotations

from kilomark.video.face_table import ROW_COLUMNS
from kilomark.video.frames import VideoFrame, VideoSource
from kilomark.video.opening import open_source
from kilomark.video.process import process_video
from kilomark.video.progress import VideoProgress, VideoSummary

__all__ = [
    "ROW_COLUMNS",
    "VideoFrame",
    "VideoProgress",
    "VideoSource",
    "VideoSummary",
    "open_source",
    "process_video",
]
