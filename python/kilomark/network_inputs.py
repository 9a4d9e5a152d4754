"""How the networks of this package see a face: the crop's margin and the normalization of colors.

Training, evaluation and export read these numbers here. A bundle's manifest states them again, and
the runtime reads them from the manifest alone.
"""

from __future__ import annotations

__all__ = [
    "CROP_SCALE",
    "EYE_CROP_SCALE",
    "EYE_HEIGHT",
    "EYE_WIDTH",
    "MEAN",
    "MEAN_COLOR",
    "STD",
]

CROP_SCALE = 1.25
"""Side of a landmark network's crop divided by the longer side of the landmarks' box."""

MEAN = (123.675, 116.28, 103.53)
"""ImageNet's mean of red, green and blue, in units of 0 to 255."""

STD = (58.395, 57.12, 57.375)
"""ImageNet's standard deviation of red, green and blue, in units of 0 to 255."""

MEAN_COLOR = (124, 116, 104)
"""`MEAN` in whole numbers: the red, green and blue of pixels outside an image."""

EYE_WIDTH, EYE_HEIGHT = 48, 32
"""Width and height in pixels of the input of the eye network."""
EYE_CROP_SCALE = 1.92
"""Width of that crop over the width of the face's wider eye."""
