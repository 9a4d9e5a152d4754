"""Bundles: a trained network as a folder with ``manifest.json`` and ``model.onnx``.

The manifest is all that the runtime knows of a network. It is checked here, once, field by field;
what leaves this file is whole. Every number has bounds. Unknown keys are ignored.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from kilomark import _core
from kilomark.bundle_contents import read_manifest, read_model
from kilomark.errors import BundleError
from kilomark.excerpts import excerpt
from kilomark.topology import LandmarkGroup, Topology

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kilomark.manifest_fields import Fields

__all__ = [
    "LARGEST_INPUT_PX",
    "SHIPPED_BUNDLES",
    "Bundle",
    "ChannelOrder",
    "FinderBundle",
    "LandmarkBundle",
    "NetworkInput",
    "read_bundle",
    "read_finder_bundle",
    "read_landmark_bundle",
    "shipped_bundles",
]

SHIPPED_BUNDLES = Path(__file__).parent / "bundles"
SCHEMA_VERSION = 1

LARGEST_INPUT_PX = _core.MAX_INPUT_SIDE
LARGEST_INPUT_VALUE = 1e6
"""Of mean and std, whose unit is 0 to 255."""
SMALLEST_STD = 1e-6
LARGEST_CROP_SCALE = _core.MAX_CROP_SCALE
MOST_LANDMARKS = _core.MAX_LANDMARKS
LARGEST_COORDINATE = 1e6
"""Of the mean face, whose unit is about half a face."""
MOST_STRIDES = _core.MAX_STRIDES
LARGEST_STRIDE = _core.MAX_STRIDE
RESCORING_NUMBERS = (
    "finder_weight", "presence_weight", "neutral_presence", "offset", "candidate_odds",
)  # fmt: skip
"""See `kilomark._core.RescoringRule`."""
LARGEST_RESCORING_NUMBER = 100.0
LONGEST_NAME = 200
FINDER_KEYPOINTS = ("right_eye", "left_eye", "nose_tip", "right_mouth", "left_mouth")

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
    accuracy: Mapping[str, Any]
    """What was measured, as the manifest states it."""


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
        f"the bundle {bundle.name!r} finds faces; as model= a bundle of task 'landmarks' is needed"
    )


def read_finder_bundle(name_or_path: str | os.PathLike[str]) -> FinderBundle:
    """Read a bundle that must hold a face detector; see `read_bundle`."""
    bundle = read_bundle(name_or_path)
    if isinstance(bundle, FinderBundle):
        return bundle
    raise BundleError(
        f"the bundle {bundle.name!r} places landmarks; as finder= a bundle of task 'faces' is "
        "needed"
    )


def read_bundle(name_or_path: str | os.PathLike[str]) -> Bundle:
    """Read and check a bundle, the SHA-256 of its model included.

    Args:
        name_or_path: the name of a bundle that comes with kilomark, or the folder of another one.

    Raises:
        BundleError: there is no such bundle, or it is damaged; the message says where and how.
    """
    folder = _find_folder(name_or_path)
    manifest = read_manifest(folder)
    version = manifest.integer("schema_version")
    if version != SCHEMA_VERSION:
        raise manifest.error(
            "schema_version", version, f"{SCHEMA_VERSION}; a newer kilomark may read this bundle"
        )
    task = manifest.one_of("task", ("landmarks", "faces"))
    shared: dict[str, Any] = {
        "name": manifest.text("name", longest=LONGEST_NAME),
        "folder": folder,
        "input": _parse_input(manifest.section("input")),
        "accuracy": manifest.section("accuracy").values if manifest.has("accuracy") else {},
        "model": read_model(folder, manifest.section("model")),
    }
    if task == "faces":
        return FinderBundle(
            **shared, strides=_parse_strides(manifest), rescoring=_parse_rescoring(manifest)
        )
    constant = manifest.texts("constant_outputs") if manifest.has("constant_outputs") else []
    return LandmarkBundle(
        **shared,
        crop_scale=manifest.number("crop_scale", above=0, at_most=LARGEST_CROP_SCALE),
        topology=_parse_topology(manifest),
        knows_faces="presence" not in constant,
        has_depth=manifest.has("depth") and manifest.boolean("depth"),
        blends_with=tuple(manifest.texts("blends_with")) if manifest.has("blends_with") else (),
    )


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


def _parse_input(fields: Fields) -> NetworkInput:
    order = fields.one_of("channel_order", ("rgb", "bgr"))
    mean = fields.numbers("mean", count=3, above=-LARGEST_INPUT_VALUE, at_most=LARGEST_INPUT_VALUE)
    std = fields.numbers("std", count=3, above=SMALLEST_STD, at_most=LARGEST_INPUT_VALUE)
    return NetworkInput(
        width=fields.integer("width", at_least=1, at_most=LARGEST_INPUT_PX),
        height=fields.integer("height", at_least=1, at_most=LARGEST_INPUT_PX),
        channel_order="rgb" if order == "rgb" else "bgr",
        mean=(mean[0], mean[1], mean[2]),
        std=(std[0], std[1], std[2]),
    )


def _parse_strides(manifest: Fields) -> tuple[int, ...]:
    strides = tuple(
        manifest.integers("strides", at_most_count=MOST_STRIDES, at_least=1, at_most=LARGEST_STRIDE)
    )
    if not strides:
        raise manifest.error("strides", [], "at least one stride")
    keypoints = manifest.texts("keypoints")
    if tuple(keypoints) != FINDER_KEYPOINTS:
        raise manifest.error("keypoints", keypoints, f"{list(FINDER_KEYPOINTS)}, in this order")
    network_input = manifest.section("input")
    for side in ("width", "height"):
        if network_input.integer(side) % max(strides):
            found = network_input.integer(side)
            raise network_input.error(side, found, f"a multiple of {max(strides)}")
    return strides


def _parse_rescoring(manifest: Fields) -> dict[str, float] | None:
    if not manifest.has("rescoring"):
        return None
    fields = manifest.section("rescoring")
    most = LARGEST_RESCORING_NUMBER
    known = [name for name in RESCORING_NUMBERS if fields.has(name)]
    return {name: fields.number(name, above=-most, at_most=most) for name in known}


def _parse_topology(manifest: Fields) -> Topology:
    count = manifest.integer("num_landmarks", at_least=1, at_most=MOST_LANDMARKS)
    sections = manifest.sections("groups", at_most_count=count)
    groups = [_parse_group(fields, count) for fields in sections]
    names = [group.name for group in groups]
    if len(set(names)) != len(names):
        raise manifest.error("groups", names, "names that are all different")
    return Topology(
        num_landmarks=count,
        groups={group.name: group for group in groups},
        mirror=_parse_mirror(manifest, count),
        subset_68=_parse_subset(manifest, count),
        mean_shape=manifest.optional_table(
            "mean_shape", rows=count, columns=3, at_most=LARGEST_COORDINATE
        ),
    )


def _parse_mirror(manifest: Fields, num_landmarks: int) -> npt.NDArray[np.intp] | None:
    if not manifest.has("mirror"):
        return None
    mirror = manifest.integers("mirror", count=num_landmarks, at_most=num_landmarks - 1)
    if any(mirror[partner] != index for index, partner in enumerate(mirror)):
        raise manifest.error("mirror", mirror, "a permutation that is its own inverse")
    return _index_array(mirror)


def _parse_subset(manifest: Fields, num_landmarks: int) -> npt.NDArray[np.intp] | None:
    if not manifest.has("subset_68"):
        return None
    subset = manifest.integers("subset_68", count=68, at_most=num_landmarks - 1)
    return _index_array(subset)


def _parse_group(fields: Fields, num_landmarks: int) -> LandmarkGroup:
    start = fields.integer("start", at_most=num_landmarks - 1)
    return LandmarkGroup(
        name=fields.text("name", longest=LONGEST_NAME),
        start=start,
        count=fields.integer("count", at_least=1, at_most=num_landmarks - start),
        closed=fields.boolean_or_null("closed"),
    )


def _index_array(indices: list[int]) -> npt.NDArray[np.intp]:
    array = np.array(indices, np.intp)
    array.setflags(write=False)
    return array
