"""A bundle of kilomark's as the network whose labels are learned: self-training on more photos."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kilomark import Detector
from kilomark.errors import InvalidInputError

from .views import Labeler

if TYPE_CHECKING:
    import numpy.typing as npt

    from .views import Image, Landmarks


def open_bundle(bundle: str) -> Labeler:
    """Load a shipped bundle or a bundle's folder; the largest face of a photo is labeled.

    Raises:
        BundleError: there is none, or it is damaged.
        InvalidInputError: it does not know which landmarks are each other's mirror images.
    """
    detector = Detector(bundle)
    mirror = mirror_of(detector, bundle)

    def place(image: Image) -> Landmarks | None:
        faces = detector.predict(np.ascontiguousarray(image[..., ::-1]))
        if not faces:
            return None
        largest = max(faces, key=lambda face: float(np.ptp(face.box[[1, 3]])))
        return largest.landmarks.astype(np.float64)

    return Labeler(bundle, place, mirror)


def mirror_of(detector: Detector, bundle: str) -> npt.NDArray[np.intp]:
    """(K,) the landmark that each one becomes in the mirror.

    Raises:
        InvalidInputError: the bundle does not say so.
    """
    mirror = detector.topology.mirror
    if mirror is None:
        raise InvalidInputError(
            f"the bundle {bundle!r} does not say which landmarks are each other's mirror images; "
            "expected one that does, since faces are labeled in the mirror too"
        )
    return mirror
