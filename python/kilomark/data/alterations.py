"""Altered photos of labeled faces: turned, with closed eyes, or with something on."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import cv2
import numpy as np

from kilomark.data.dressing import dress_face
from kilomark.data.profiling import choose_turn, profile_face
from kilomark.options import check_fraction

__all__ = ["NO_ALTERATIONS", "Alterations", "AlteredFace", "alter_face", "repeat_border"]

Array = np.ndarray[Any, Any]

_SMALLEST_PX = 8  # of the part of a crop that shows the photo


@dataclass(frozen=True, slots=True)
class Alterations:
    """Shares of the training faces that are altered, each drawn by itself.

    Attributes:
        turned: out of the plane, up to a yaw of 80 degrees.
        closed: eyes, to a random degree; one eye alone now and then.
        dressed: with a mask, glasses, a cap, a visor or a hand.
    """

    turned: float = 0.0
    closed: float = 0.0
    dressed: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            check_fraction(f"--{field.name}", getattr(self, field.name))

    def __bool__(self) -> bool:
        return self.turned > 0 or self.closed > 0 or self.dressed > 0


NO_ALTERATIONS = Alterations()


class AlteredFace(NamedTuple):
    """An altered photo.

    Attributes:
        image: (H, W, 3) uint8.
        vertices: (478, 3) pixels.
        visible: (478,) bool.
    """

    image: Array
    vertices: Array
    visible: Array


def alter_face(
    image: Array, vertices: Array, valid: Array, rng: np.random.Generator, alterations: Alterations
) -> AlteredFace | None:
    """Alter a photo, or return None where nothing was drawn or the face would leave the photo.

    Args:
        image: (H, W, 3) uint8 RGB.
        vertices: (478, 3) pixels, z away from the camera.
        valid: (4,) x0, y0, x1, y1 of the part that shows the photo; its border is repeated.
        rng: of all random choices.
        alterations: how often.
    """
    is_turned, is_closed, is_dressed = rng.random(3) < (
        alterations.turned,
        alterations.closed,
        alterations.dressed,
    )
    if not (is_turned or is_closed or is_dressed):
        return None
    image = repeat_border(image, valid)
    visible = np.ones(len(vertices), bool)
    if is_turned or is_closed:
        yaw, pitch = choose_turn(vertices, rng) if is_turned else (0.0, 0.0)
        closing = _draw_closing(rng) if is_closed else (0.0, 0.0)
        image, vertices, seen = profile_face(
            image, vertices, yaw_deg=yaw, pitch_deg=pitch, closing=closing
        )
        visible = seen if is_turned else visible
    if is_dressed:
        image = dress_face(image, vertices, rng)
    height, width = image.shape[:2]
    middle = vertices[:, :2].mean(0)
    if not (
        np.isfinite(vertices).all() and (middle > 0).all() and (middle < (width, height)).all()
    ):
        return None
    return AlteredFace(image, vertices, visible)


def repeat_border(image: Array, valid: Array) -> Array:
    """Fill what lies outside the photo with the photo's border."""
    height, width = image.shape[:2]
    x0 = int(np.clip(np.ceil(valid[0]) + 1, 0, width - _SMALLEST_PX))
    y0 = int(np.clip(np.ceil(valid[1]) + 1, 0, height - _SMALLEST_PX))
    x1 = int(np.clip(np.floor(valid[2]) - 1, x0 + _SMALLEST_PX, width))
    y1 = int(np.clip(np.floor(valid[3]) - 1, y0 + _SMALLEST_PX, height))
    if (x0, y0, x1, y1) == (1, 1, width - 1, height - 1):
        return image
    inside = image[y0:y1, x0:x1]
    repeated: Array = cv2.copyMakeBorder(
        inside, y0, height - y1, x0, width - x1, cv2.BORDER_REPLICATE
    )
    return repeated


def _draw_closing(rng: np.random.Generator) -> tuple[float, float]:
    amount = float(rng.uniform(0.85, 1.0) if rng.random() < 0.55 else rng.uniform(0.2, 0.9))
    other = float(np.clip(amount + rng.normal(0, 0.05), 0, 1))
    if rng.random() < 0.12:
        return (amount, 0.0) if rng.random() < 0.5 else (0.0, amount)
    return amount, other
