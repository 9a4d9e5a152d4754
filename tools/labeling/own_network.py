"""A bundle of kilomark's as the network whose labels are learned: self-training on more photos."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kilomark import Detector
from kilomark.errors import InvalidInputError

from .views import Labeler

if TYPE_CHECKING:
    from .views import Image, Landmarks


def open_bundle(bundle: str) -> Labeler:
    """Load a shipped bundle or a bundle's folder; the largest face of a photo is labeled.

    Raises:
        BundleError: there is none, or it is damaged.
        InvalidInputError: it does not know which landmarks are each other's mirror images.
    """
    detector = Detector(bundle)
    mirror = detector.topology.mirror
    if mirror is None:
        raise InvalidInputError(
            f"the bundle {bundle!r} does not say which landmarks are each other's mirror images; "
            "expected one that does, since photos are labeled in the mirror too"
        )

    def place(image: Image) -> Landmarks | None:
        faces = detector.predict(np.ascontiguousarray(image[..., ::-1]))
        if not faces:
            return None
        largest = max(faces, key=lambda face: float(np.ptp(face.box[[1, 3]])))
        return largest.landmarks.astype(np.float64)

    return Labeler(bundle, place, mirror)
