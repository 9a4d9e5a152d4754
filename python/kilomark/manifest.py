"""Bundles: a trained network as a folder with ``manifest.json`` and ``model.onnx``.

The C++ core reads and checks both files, each number within bounds; see ``kilomark/bundle.hpp`` for
the keys and the limits. This module gives what it has read as typed values.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from kilomark import _core
from kilomark.errors import BundleError
from kilomark.excerpts import excerpt
from kilomark.topology import LandmarkGroup, Topology

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "LARGEST_INPUT_PX",
    "SHIPPED_BUNDLES",
    "Bundle",
    "ChannelOrder",
    "FinderBundle",
    "LandmarkBundle",
    "NetworkInput",
    "read_bundle",
    "read_companion",
    "read_eyes",
    "read_face_bundle",
    "read_finder_bundle",
    "read_landmark_bundle",
    "shipped_bundles",
]

SHIPPED_BUNDLES = Path(__file__).parent / "bundles"

LARGEST_INPUT_PX = _core.MAX_INPUT_SIDE

ChannelOrder = Literal["rgb", "bgr"]


@dataclass(frozen=True, slots=True)
class NetworkInput:
    """The image that a network takes: (N, 3, height, width) float32, (pixel - mean) / std."""

    width: int
    height: int
    channel_order: ChannelOrder
    mean: tuple[float, float, float]
    """In units of 0 to 255, one per channel in ``channel_order``."""
    std: tuple[float, float, float]
    """In units of 0 to 255, above 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """What every bundle holds."""

    name: str
    folder: Path
    input: NetworkInput
    model: bytes = field(repr=False)
    """The ONNX file; its size and SHA-256 are those of the manifest."""
    accuracy: Mapping[str, float]
    """What was measured: the numbers that the manifest states, by name."""


@dataclass(frozen=True, slots=True, eq=False)
class LandmarkBundle(Bundle):
    """A network that places landmarks in the crop of one face."""

    crop_scale: float
    """Side of the crop over the longer side of the face's box."""
    topology: Topology
    knows_faces: bool
    """Whether its presence says if there is a face; it may be a constant."""
    has_depth: bool = False
    """Whether it has a fourth output, ``depth`` (N, K): input pixels, away from the camera."""
    blends_with: tuple[str, ...] = ()
    """Names of bundles whose landmarks, blended with its own, were measured to be better."""
    finder: str = _core.DEFAULT_FINDER
    """Name of the bundle that finds faces for it."""
    rescorer: str = _core.DEFAULT_RESCORER
    """Name of the bundle whose presence rescores found faces."""
    companion: str | None = None
    """Name of the bundle that also places faces which are hard for this one, if it has one."""
    companion_rule: _core.CompanionRule | None = None
    """Which faces those are, and how much the companion counts."""
    of_eye: bool = False
    """Whether it sees one eye, not a face: other bundles name it as their ``eyes``."""
    eyes: str | None = None
    """Name of the bundle that refines the landmarks of each eye, if it has one."""
    eye_rule: _core.EyeRule | None = None
    """How much that one counts."""


@dataclass(frozen=True, slots=True, eq=False)
class FinderBundle(Bundle):
    """A network that finds the faces in a letterboxed image."""

    strides: tuple[int, ...]
    """Pixels per cell of each output grid, in the order of the outputs."""
    rescoring: Mapping[str, float] | None = None
    """The numbers that turn a detector's score and a presence into one score, if it has them."""


def shipped_bundles() -> dict[str, Path]:
    """Return the folders of the bundles that come with kilomark, by name."""
    if not SHIPPED_BUNDLES.is_dir():
        return {}
    folders = sorted(SHIPPED_BUNDLES.iterdir())
    return {folder.name: folder for folder in folders if (folder / "manifest.json").is_file()}


def read_landmark_bundle(name_or_path: str | os.PathLike[str]) -> LandmarkBundle:
    """Read a bundle that must hold a landmark network; see `read_bundle`."""
    bundle = read_bundle(name_or_path)
    if isinstance(bundle, LandmarkBundle):
        return bundle
    raise BundleError(
        f"the bundle {excerpt(bundle.name)} finds faces; model= expects a bundle of task "
        "'landmarks'"
    )


def read_companion(landmarks: LandmarkBundle) -> LandmarkBundle | None:
    """Read the companion that a bundle names, from the folder beside its own or else by its name.

    Raises:
        BundleError: it is missing or damaged.
    """
    if landmarks.companion is None:
        return None
    return _read_named(landmarks, landmarks.companion, "companion", "blend=False")


def read_eyes(landmarks: LandmarkBundle) -> LandmarkBundle | None:
    """Read the eye network that a bundle names, in the same way.

    Raises:
        BundleError: it is missing or damaged, or sees faces.
    """
    if landmarks.eyes is None:
        return None
    eyes = _read_named(landmarks, landmarks.eyes, "eye network", "eyes=False")
    if not eyes.of_eye:
        raise BundleError(
            f"the bundle {excerpt(eyes.name)} sees faces; as eyes of the bundle "
            f"{excerpt(landmarks.name)} an eye network is needed"
        )
    return eyes


def read_face_bundle(name_or_path: str | os.PathLike[str]) -> LandmarkBundle:
    """Read a bundle that must hold a landmark network of faces; see `read_bundle`."""
    bundle = read_landmark_bundle(name_or_path)
    if bundle.of_eye:
        raise BundleError(
            f"the bundle {excerpt(bundle.name)} sees one eye; model= expects a landmark network of "
            "faces; name this one by eyes= or --eyes"
        )
    return bundle


def _read_named(landmarks: LandmarkBundle, name: str, what: str, without: str) -> LandmarkBundle:
    """Read a bundle that another one names, from the folder beside its own or else by its name."""
    beside = landmarks.folder.resolve().parent / name
    if (beside / "manifest.json").is_file():
        return read_landmark_bundle(beside)
    if name in shipped_bundles():
        return read_landmark_bundle(name)
    raise BundleError(
        f"the {what} {excerpt(name)} of the bundle {excerpt(landmarks.name)} is missing: it is "
        f"neither beside {landmarks.folder} nor shipped; copy it there, or pass {without}"
    )


def read_finder_bundle(name_or_path: str | os.PathLike[str]) -> FinderBundle:
    """Read a bundle that must hold a face detector; see `read_bundle`."""
    bundle = read_bundle(name_or_path)
    if isinstance(bundle, FinderBundle):
        return bundle
    raise BundleError(
        f"the bundle {excerpt(bundle.name)} places landmarks; finder= expects a bundle of task "
        "'faces'"
    )


def read_bundle(name_or_path: str | os.PathLike[str]) -> Bundle:
    """Read and check a bundle, the SHA-256 of its model included.

    Args:
        name_or_path: the name of a bundle that comes with kilomark, or the folder of another one.

    Raises:
        BundleError: there is no such bundle, or it is damaged; the message says where and how.
    """
    folder = _find_folder(name_or_path)
    return _to_bundle(_core.read_bundle(os.fsencode(folder)), folder)


def _find_folder(name_or_path: str | os.PathLike[str]) -> Path:
    if not isinstance(name_or_path, str | os.PathLike):
        raise BundleError(
            f"a bundle is given by its name or its folder, not by {type(name_or_path).__name__}"
        )
    shipped = shipped_bundles()
    if isinstance(name_or_path, str) and name_or_path in shipped:
        return shipped[name_or_path]
    folder = Path(os.fsdecode(name_or_path))
    try:
        if (folder / "manifest.json").is_file():
            return folder
        is_folder = folder.is_dir()
    except OSError:  # a name too long, or a folder that may not be looked into
        is_folder = False
    found = "has no manifest.json" if is_folder else "is neither a folder nor a known name"
    raise BundleError(
        f"no bundle {excerpt(os.fspath(name_or_path))}: it {found}; expected one of "
        f"{', '.join(shipped) or '(none, kilomark is not installed whole)'}, or the path of a "
        "folder with manifest.json and model.onnx as `kilomark export` writes it"
    )


def _to_bundle(bundle: _core.LandmarkBundle | _core.FinderBundle, folder: Path) -> Bundle:
    if isinstance(bundle, _core.FinderBundle):
        return FinderBundle(
            **_shared(bundle, folder),
            strides=tuple(bundle.strides),
            rescoring=bundle.rescoring or None,
        )
    return LandmarkBundle(
        **_shared(bundle, folder),
        crop_scale=bundle.crop_scale,
        topology=_to_topology(bundle.topology),
        knows_faces=bundle.knows_faces,
        has_depth=bundle.has_depth,
        blends_with=tuple(bundle.blends_with),
        finder=bundle.finder,
        rescorer=bundle.rescorer,
        companion=bundle.companion,
        companion_rule=bundle.companion_rule,
        of_eye=bundle.of_eye,
        eyes=bundle.eyes,
        eye_rule=bundle.eye_rule,
    )


def _shared(bundle: _core.LandmarkBundle | _core.FinderBundle, folder: Path) -> dict[str, Any]:
    """The fields of `Bundle`."""
    return {
        "name": bundle.name,
        "folder": folder,
        "input": NetworkInput(
            width=bundle.width,
            height=bundle.height,
            channel_order=bundle.channel_order,
            mean=_triple(bundle.mean),
            std=_triple(bundle.std),
        ),
        "accuracy": bundle.accuracy,
        "model": bundle.model,
    }


def _triple(values: list[float]) -> tuple[float, float, float]:
    return values[0], values[1], values[2]


def _to_topology(topology: _core.Topology) -> Topology:
    groups = [
        LandmarkGroup(name=group.name, start=group.start, count=group.count, closed=group.closed)
        for group in topology.groups
    ]
    return Topology(
        num_landmarks=topology.num_landmarks,
        groups={group.name: group for group in groups},
        mirror=_read_only(np.array(topology.mirror, np.intp)),
        subset_68=_read_only(np.array(topology.subset_68, np.intp)),
        mean_shape=_read_only(np.array(topology.mean_shape, np.float64)),
    )


def _read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
    """Return the array; None if it is empty, as the core has it for missing keys."""
    array.setflags(write=False)
    return array if array.size else None
