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
    name_or_path: str | os.PathLike[str], landmarks: LandmarkBundle | None
) -> FinderBundle:
    """Read a finder's bundle.

    Args:
        name_or_path: of the bundle; ``"auto"`` for the one that suits ``landmarks``.
        landmarks: the landmark network's bundle, if there is one.

    Raises:
        BundleError: the bundle is missing or damaged.
    """
    if name_or_path == "auto":
        name = "" if landmarks is None else landmarks.name
        return read_finder_bundle(_FINDERS.get(name, _DEFAULT_FINDER))
    return read_finder_bundle(name_or_path)
