"""Which shipped face detector suits which landmark network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kilomark import _core
from kilomark.manifest import FinderBundle, LandmarkBundle, read_finder_bundle

if TYPE_CHECKING:
    import os

__all__ = ["choose_finder"]


def choose_finder(
    name_or_path: str | os.PathLike[str], landmarks: LandmarkBundle | None
) -> FinderBundle:
    """Read a finder's bundle.

    Args:
        name_or_path: of the bundle; ``"auto"`` for the one that ``landmarks`` names.
        landmarks: the landmark network's bundle, if there is one.

    Raises:
        BundleError: the bundle is missing or damaged.
    """
    if name_or_path == "auto":
        return read_finder_bundle(_core.DEFAULT_FINDER if landmarks is None else landmarks.finder)
    return read_finder_bundle(name_or_path)
