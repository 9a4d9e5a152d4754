"""The manifest of a network that was trained here, which tells the runtime about it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kilomark.network_inputs import (
    CROP_SCALE,
    EYE_CROP_SCALE,
    EYE_HEIGHT,
    EYE_WIDTH,
    MEAN,
    STD,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kilomark.topology import Topology

__all__ = ["eye_manifest", "finder_manifest", "landmark_manifest"]

_POINT_MAP_971 = Path(__file__).parent / "landmarks_971.json"
_FINDER_KEYPOINTS = ["right_eye", "left_eye", "nose_tip", "right_mouth", "left_mouth"]


def landmark_manifest(
    name: str, size: int, topology: Topology, training: Mapping[str, Any]
) -> dict[str, Any]:
    """Manifest of a landmark network, without what `kilomark.bundle_files.write_bundle` fills in.

    The 971 landmarks come with the 68-point subset and the mean 3-D face that head pose needs;
    other sets of landmarks have neither.
    """
    point_map = json.loads(_POINT_MAP_971.read_text())
    known = topology.num_landmarks == point_map["num_landmarks"]
    return {
        **_common(name, "landmarks", (size, size), training),
        "crop_scale": CROP_SCALE,
        "num_landmarks": topology.num_landmarks,
        "groups": [asdict(group) for group in topology.groups.values()],
        "mirror": None if topology.mirror is None else topology.mirror.tolist(),
        "subset_68": point_map["subset_68"] if known else None,
        "mean_shape": point_map["mean_shape"] if known else None,
    }


def eye_manifest(name: str, topology: Topology, training: Mapping[str, Any]) -> dict[str, Any]:
    """Manifest of an eye network, which other bundles or a `Detector` name as ``eyes``."""
    return {
        **_common(name, "landmarks", (EYE_WIDTH, EYE_HEIGHT), training),
        "crop_scale": EYE_CROP_SCALE,
        "num_landmarks": topology.num_landmarks,
        "groups": [asdict(group) for group in topology.groups.values()],
        "of_eye": True,
        "constant_outputs": ["presence"],
    }


def finder_manifest(
    name: str, size: int, strides: tuple[int, ...], training: Mapping[str, Any]
) -> dict[str, Any]:
    """Manifest of a face detector, without what `kilomark.bundle_files.write_bundle` fills in."""
    return {
        **_common(name, "faces", (size, size), training),
        "strides": list(strides),
        "keypoints": _FINDER_KEYPOINTS,
    }


def _common(
    name: str, task: str, size: tuple[int, int], training: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "name": name,
        "task": task,
        "license": "Apache-2.0",
        "model": {},
        "input": {
            "name": "image",
            "width": size[0],
            "height": size[1],
            "channel_order": "rgb",
            "mean": list(MEAN),
            "std": list(STD),
        },
        "training": dict(training),
        "accuracy": {},
    }
