"""The landmark networks that a web page or a window offers."""

from __future__ import annotations

import os
from pathlib import Path

from kilomark import _core
from kilomark.manifest import shipped_bundles

__all__ = ["landmark_choices"]


def landmark_choices(first: str) -> dict[str, str]:
    """Return the bundles to choose from, by the name to show: ``first``, then all shipped ones.

    Args:
        first: the bundle in use at the start, by its name or its folder. It is not read.

    Raises:
        BundleError: the manifest of a shipped bundle is damaged.
    """
    shipped = shipped_bundles()
    name = first if first in shipped else Path(first).resolve().name
    others = (other for other, folder in shipped.items() if _places_landmarks(folder))
    return {name: first} | {other: other for other in others if other != name}


def _places_landmarks(folder: Path) -> bool:
    manifest = _core.parse_manifest((folder / "manifest.json").read_bytes(), os.fsencode(folder))
    return isinstance(manifest, _core.LandmarkBundle) and not manifest.of_eye
