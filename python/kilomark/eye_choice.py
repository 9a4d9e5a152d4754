"""Which eye network a detector runs, and how much it counts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kilomark import _core
from kilomark.errors import BundleError, InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.manifest import read_eyes, read_landmark_bundle

if TYPE_CHECKING:
    from kilomark.manifest import LandmarkBundle

__all__ = ["DEFAULT_EYE_RULE", "choose_eyes"]

DEFAULT_EYE_RULE = _core.EyeRule(width_from=0.45, width_to=0.7, spread_factor=0.4)
"""The shipped networks' rule, for one whose manifest names no eyes."""


def choose_eyes(
    eyes: bool | str | os.PathLike[str], landmarks: LandmarkBundle | None
) -> LandmarkBundle | None:
    """Read the eye network that is asked for, or that the landmark network names.

    Raises:
        BundleError: it is missing or damaged, or sees faces.
        InvalidInputError: the option is no bool and no bundle, or there is no landmark network.
    """
    if isinstance(eyes, str | os.PathLike):
        if landmarks is None:
            raise InvalidInputError(
                "eyes names a bundle, but model is None; expected a landmark network with it"
            )
        named = read_landmark_bundle(eyes)
        if not named.of_eye:
            raise BundleError(
                f"the bundle {excerpt(named.name)} sees faces; eyes= expects an eye network, "
                "such as 'eyes'"
            )
        return named
    if not isinstance(eyes, bool):
        raise InvalidInputError(f"eyes is {excerpt(eyes)}; expected True, False or a bundle")
    return read_eyes(landmarks) if eyes and landmarks is not None else None
