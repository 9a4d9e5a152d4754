"""Whether a detector blends the landmarks of several landmark networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from kilomark import _core
from kilomark.core_topology import to_core_topology
from kilomark.errors import BundleError, InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.manifest import read_companion

if TYPE_CHECKING:
    from kilomark.manifest import LandmarkBundle

__all__ = ["choose_blend", "choose_companion"]


def choose_companion(
    blend: bool | Literal["auto"], landmarks: LandmarkBundle | None
) -> LandmarkBundle | None:
    """Read the companion that the landmark network names, unless nothing is to be blended.

    Raises:
        BundleError: the companion is missing or damaged, or places different landmarks.
    """
    if blend is False or landmarks is None:
        return None
    companion = read_companion(landmarks)
    if companion is not None and not _place_the_same(landmarks, companion):
        raise BundleError(
            f"the companion {excerpt(companion.name)} places different landmarks from "
            f"{excerpt(landmarks.name)}; expected the same number, groups and mirror"
        )
    return companion


def choose_blend(
    blend: bool | Literal["auto"],
    landmarks: LandmarkBundle | None,
    rescorer: LandmarkBundle | None,
    companion: LandmarkBundle | None = None,
) -> bool:
    """Decide by the option and the bundles whether the network that rescores is blended in.

    Raises:
        InvalidInputError: the option is none of its values, or it is True and there are no two
            networks of the same landmarks.
    """
    if blend is not True and blend is not False and blend != "auto":
        raise InvalidInputError(f"blend is {excerpt(blend)}; expected True, False or 'auto'")
    if blend is False:
        return False
    if landmarks is None or rescorer is None or rescorer is landmarks:
        if blend is True and companion is None:
            raise InvalidInputError(
                "blend is True, but there is one landmark network; expected a second one, as "
                "rescoring='wild' gives together with a face detector"
            )
        return False
    if blend == "auto":
        return rescorer.name in landmarks.blends_with and _place_the_same(landmarks, rescorer)
    if not _place_the_same(landmarks, rescorer):
        raise InvalidInputError(
            f"blend is True, but {excerpt(landmarks.name)} and {excerpt(rescorer.name)} place "
            "different landmarks; expected two networks of the same landmarks"
        )
    return True


def _place_the_same(one: LandmarkBundle, other: LandmarkBundle) -> bool:
    return _core.same_landmarks(to_core_topology(one.topology), to_core_topology(other.topology))
