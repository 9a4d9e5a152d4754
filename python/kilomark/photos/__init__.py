"""Photos one after another: their faces as JSON, and pictures with the landmarks drawn.

`kilomark predict` is made of these. For whole collections see `kilomark.folder`.
"""

from __future__ import annotations

from kilomark.photos.json_output import TO_STDOUT, PhotoWriter, open_photo_json
from kilomark.photos.picture_paths import choose_outputs
from kilomark.photos.prediction import predict_photo
from kilomark.photos.report import PhotoReport

__all__ = [
    "TO_STDOUT",
    "PhotoReport",
    "PhotoWriter",
    "choose_outputs",
    "open_photo_json",
    "predict_photo",
]
