"""The options by which commands make their detector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kilomark.options import (
    DEFAULT_PRESENCE_THRESHOLD,
    DEFAULT_SCORE_THRESHOLD,
    PRECISIONS,
    parse_whole_or_auto,
)

if TYPE_CHECKING:
    import argparse

__all__ = [
    "add_detector_options",
    "add_network_options",
    "add_threshold_options",
    "detector_options",
]

NAMES = (
    "model",
    "finder",
    "device",
    "finder_size",
    "finder_tiles",
    "score_threshold",
    "presence_threshold",
    "max_faces",
    "views",
    "blend",
    "eyes",
    "precision",
    "cache_dir",
)


def add_detector_options(parser: argparse.ArgumentParser, *, faces_of: str = "photo") -> None:
    """Add a group of options; `detector_options` reads them.

    Args:
        parser: of the command.
        faces_of: what ``--max-faces`` counts the faces of.
    """
    _add_networks(parser.add_argument_group("networks"))
    _add_search(parser.add_argument_group("face detection"), faces_of)


def detector_options(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options as arguments of `kilomark.Detector`, without the number of threads."""
    return {name: getattr(options, name) for name in NAMES}


def add_network_options(group: argparse._ActionsContainer, *, model: str) -> None:
    """Add the options that name networks and device.

    Args:
        group: of the command's options, or its parser.
        model: the default landmark network.
    """
    group.add_argument(
        "--model",
        default=model,
        help="landmark network: a shipped bundle or a bundle's folder (default: %(default)s)",
    )
    group.add_argument(
        "--finder",
        default="auto",
        metavar="BUNDLE",
        help="face detector: a shipped bundle or a bundle's folder (default: auto, the one that "
        "the landmark network's manifest names)",
    )
    group.add_argument(
        "--device", default="auto", help="auto, cpu, cuda ... (default: %(default)s)"
    )


def _add_networks(group: argparse._ArgumentGroup) -> None:
    add_network_options(group, model="resnext50")
    group.add_argument("--threads", type=int, metavar="N", help="CPU threads (default: all)")
    group.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="auto",
        help="of the networks on the CPU; auto: bf16 for the face detector where the processor "
        "multiplies in it, else fp32 (default: %(default)s)",
    )
    group.add_argument(
        "--cache-dir",
        metavar="FOLDER",
        help="keep compiled networks in FOLDER, for faster starts on the CPU (default: keep none)",
    )
    group.add_argument(
        "--views",
        type=int,
        choices=(1, 2),
        default=1,
        help="2: average each face with its mirror image; more accurate, but the landmark network "
        "works twice (default: %(default)s)",
    )
    group.add_argument(
        "--no-blend",
        dest="blend",
        action="store_const",
        const=False,
        default="auto",
        help="do not average the landmarks with those of other networks",
    )
    group.add_argument(
        "--eyes",
        default=True,
        metavar="BUNDLE",
        help="eye network: a shipped bundle or a bundle's folder (default: the one that "
        "the landmark network's manifest names)",
    )
    group.add_argument(
        "--no-eyes",
        dest="eyes",
        action="store_false",
        help="do not refine the eyes with the eye network",
    )


def _add_search(group: argparse._ArgumentGroup, faces_of: str) -> None:
    add_threshold_options(group, faces_of=faces_of)
    group.add_argument(
        "--finder-size",
        type=parse_whole_or_auto,
        default="auto",
        metavar="PX",
        help="longer side of the face detector's input; larger finds smaller faces "
        "(default: as the image needs)",
    )
    group.add_argument(
        "--finder-tiles",
        type=parse_whole_or_auto,
        default="auto",
        metavar="N",
        help="also look at N tiles along the longer side; finds faces nearly N times smaller "
        "(default: as the image needs)",
    )


def add_threshold_options(group: argparse._ActionsContainer, *, faces_of: str) -> None:
    """Add the options that say which found faces are kept.

    Args:
        group: of the command's options, or its parser.
        faces_of: what ``--max-faces`` counts the faces of.
    """
    group.add_argument(
        "--score-threshold",
        type=float,
        default=DEFAULT_SCORE_THRESHOLD,
        metavar="P",
        help="drop found faces below this score, after rescoring (default: %(default)s)",
    )
    group.add_argument(
        "--presence-threshold",
        type=float,
        default=DEFAULT_PRESENCE_THRESHOLD,
        metavar="P",
        help="drop found faces whose presence is below this (default: %(default)s)",
    )
    group.add_argument(
        "--max-faces", type=int, metavar="N", help=f"faces per {faces_of} (default: all)"
    )
