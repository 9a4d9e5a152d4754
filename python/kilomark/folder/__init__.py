"""Whole collections of photos: found, predicted, and written in chunks that survive a crash.

from kilomark.folder import DetectorSettings, process_folder

summary = process_folder("photos", "faces", settings=DetectorSettings(model="lite"))
"""

from __future__ import annotations

from kilomark.folder.detectors import DetectorSettings
from kilomark.folder.photos import PHOTO_SUFFIXES, Shard, find_photos
from kilomark.folder.progress import Counts, Progress
from kilomark.folder.run import process_folder

__all__ = [
    "PHOTO_SUFFIXES",
    "Counts",
    "DetectorSettings",
    "Progress",
    "Shard",
    "find_photos",
    "process_folder",
]
