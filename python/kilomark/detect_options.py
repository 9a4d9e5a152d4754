"""The options of a detector, checked and in the form in which the core takes them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from kilomark import _core
from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.manifest import shipped_bundles
from kilomark.options import check_fraction, check_whole

if TYPE_CHECKING:
    from kilomark.manifest import FinderBundle, LandmarkBundle

__all__ = [
    "DetectOptions",
    "check_mirror",
    "make_detect_options",
    "one_finder",
    "portable",
    "sized",
]


class DetectOptions(TypedDict):
    """What the core's `detect` takes beside images. 0 stands for no limit, or for "auto"."""

    score_threshold: float
    nms_iou: float
    max_faces: int
    rescoring: bool
    presence_threshold: float
    finder_size: int
    finder_tiles: int


def make_detect_options(settings: dict[str, Any]) -> DetectOptions:
    """Check what does not depend on the networks; `rescoring` and `finder_size` do.

    Raises:
        InvalidInputError: an option is out of its range.
    """
    max_faces = settings["max_faces"]
    return DetectOptions(
        score_threshold=check_fraction("score_threshold", settings["score_threshold"]),
        nms_iou=check_fraction("nms_iou", settings["nms_iou"]),
        max_faces=0 if max_faces is None else check_whole("max_faces", max_faces),
        rescoring=False,
        presence_threshold=check_fraction("presence_threshold", settings["presence_threshold"]),
        finder_size=0,
        finder_tiles=_check_tiles(settings["finder_tiles"]),
    )


def _check_tiles(finder_tiles: int | Literal["auto"]) -> int:
    if finder_tiles == "auto":
        return 0
    return check_whole("finder_tiles", finder_tiles, at_most=_core.MAX_FINDER_TILES)


def one_finder(
    finder: str | os.PathLike[str] | None, faces: str | os.PathLike[str] | None
) -> str | os.PathLike[str] | None:
    """Return the option, by its name or by the name that it had in version 0.1.

    Raises:
        InvalidInputError: both are given.
    """
    if faces == "auto":
        return finder
    if finder != "auto":
        raise InvalidInputError("finder and faces are one option; expected finder alone")
    return faces


def portable(name_or_path: object) -> object:
    """Name a bundle as other processes find it: by its name, or by an absolute path."""
    is_name = isinstance(name_or_path, str) and name_or_path in {"auto", *shipped_bundles()}
    if is_name or not isinstance(name_or_path, str | os.PathLike):
        return name_or_path
    path = Path(name_or_path)
    try:
        return path.absolute() if path.is_dir() else name_or_path
    except OSError:  # a name too long, or a folder that may not be looked into
        return name_or_path


def check_mirror(landmarks: LandmarkBundle | None, views: int) -> None:
    """Refuse two views of a network without mirror partners.

    Raises:
        InvalidInputError: there are none.
    """
    if views == 2 and landmarks is not None and landmarks.topology.mirror is None:
        raise InvalidInputError(
            f"views is 2, but the manifest of {excerpt(landmarks.name)} names no mirror partners "
            "of its landmarks; pass views=1, or add mirror to the manifest"
        )


def sized(bundle: FinderBundle, size: int | Literal["auto"] | None) -> tuple[FinderBundle, int]:
    """Return the bundle at that size, and the size as the core has it: 0 for auto.

    Raises:
        InvalidInputError: the network cannot have that size.
    """
    if size is None or size == "auto":
        return bundle, 0
    step = max(bundle.strides)
    check_whole("finder_size", size, multiple_of=step, at_most=_core.MAX_INPUT_SIDE)
    return replace(bundle, input=replace(bundle.input, width=size, height=size)), int(size)
