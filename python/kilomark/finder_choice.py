"""Which shipped face detector suits which landmark network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kilomark.manifest import FinderBundle, LandmarkBundle, read_finder_bundle

if TYPE_CHECKING:
    import os

__all__ = ["choose_finder"]

_FINDERS = {"resnext50": "faces-large"}
"""By the name of the landmark network's bundle. The large finder takes three times as long."""
_DEFAULT_FINDER = "faces"


def choose_finder(
    faces: str | os.PathLike[str] | None, landmarks: LandmarkBundle | None
) -> FinderBundle | None:
    """Read a finder's bundle.

    Args:
        faces: its name or folder; ``"auto"`` for the one that suits ``landmarks``; None for none.
        landmarks: the landmark network's bundle, if there is one.

    Raises:
        BundleError: the bundle is missing or damaged.
    """
    if faces is None:
        return None
    if faces == "auto":
        name = "" if landmarks is None else landmarks.name
        return read_finder_bundle(_FINDERS.get(name, _DEFAULT_FINDER))
    return read_finder_bundle(faces)
