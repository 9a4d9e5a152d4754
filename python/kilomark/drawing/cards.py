"""A face without its image, as a small picture for notebooks."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from kilomark.drawing.colors import RIM
from kilomark.drawing.pictures import draw

if TYPE_CHECKING:
    from kilomark.faces import Face

__all__ = ["face_card"]

SIZE_PX = 360
MARGIN_PX = 24


def face_card(face: Face) -> bytes:
    """Draw the landmarks on a dark card, as PNG. The card is empty if they are not finite."""
    card = Image.new("RGB", (SIZE_PX, SIZE_PX), RIM)
    if np.isfinite(face.landmarks).all():
        low, high = face.landmarks.min(axis=0), face.landmarks.max(axis=0)
        scale = (SIZE_PX - 2 * MARGIN_PX) / max(float((high - low).max()), 1e-3)
        placed = (face.landmarks - (low + high) / 2) * scale + SIZE_PX / 2
        card = draw(card, [replace(face, landmarks=placed.astype(np.float32))], style="contours")
    stream = io.BytesIO()
    card.save(stream, "PNG")
    return stream.getvalue()
