"""Which networks and which kilomark made a result."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kilomark.manifest import Bundle, FinderBundle, LandmarkBundle

__all__ = ["Provenance", "make_provenance"]


@dataclass(frozen=True, slots=True)
class Provenance:
    """The networks of a detector, identified by the content of their ONNX files."""

    model: str
    """Name of the landmark network's bundle, such as ``"lite"``."""
    model_sha256: str
    """SHA-256 of its ONNX file, 64 hexadecimal digits."""
    finder: str | None
    """Name of the face detector's bundle; None if the detector has none."""
    finder_sha256: str | None
    """SHA-256 of its ONNX file."""
    rescorer: str | None
    """Name of the landmark network's bundle that rescores found faces; None if there is none."""
    rescorer_sha256: str | None
    """SHA-256 of its ONNX file."""
    companion: str | None
    """Name of the bundle that also places hard faces; None if there is none."""
    companion_sha256: str | None
    """SHA-256 of its ONNX file."""
    eyes: str | None
    """Name of the bundle that refines the landmarks of each eye; None if there is none."""
    eyes_sha256: str | None
    """SHA-256 of its ONNX file."""
    kilomark_version: str
    """Version of the package, such as ``"0.1.0"``."""

    def identity(self) -> dict[str, str | None]:
        """Return what a resumed run must share: the networks, by name and content."""
        return {
            "model": self.model,
            "model_sha256": self.model_sha256,
            "finder": self.finder,
            "finder_sha256": self.finder_sha256,
            "rescorer_sha256": self.rescorer_sha256,
            "companion_sha256": self.companion_sha256,
            "eyes_sha256": self.eyes_sha256,
        }


def make_provenance(
    landmarks: LandmarkBundle,
    finder: FinderBundle | None,
    rescorer: LandmarkBundle | None,
    companion: LandmarkBundle | None,
    eyes: LandmarkBundle | None,
) -> Provenance:
    """Describe a detector of these bundles."""
    from kilomark._core import build_info

    return Provenance(
        model=landmarks.name,
        model_sha256=_sha256(landmarks),
        finder=None if finder is None else finder.name,
        finder_sha256=None if finder is None else _sha256(finder),
        rescorer=None if rescorer is None else rescorer.name,
        rescorer_sha256=None if rescorer is None else _sha256(rescorer),
        companion=None if companion is None else companion.name,
        companion_sha256=None if companion is None else _sha256(companion),
        eyes=None if eyes is None else eyes.name,
        eyes_sha256=None if eyes is None else _sha256(eyes),
        kilomark_version=build_info()["version"],
    )


def _sha256(bundle: Bundle) -> str:
    return hashlib.sha256(bundle.model).hexdigest()
