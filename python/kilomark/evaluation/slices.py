"""Parts of a validation split whose error is worth knowing by itself.

They come from the labels, or somebody has looked at the photos and names them: no network decides
what it is measured on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.errors import InvalidInputError
from kilomark.evaluation.photo_quality import (
    DARK_FACE_LIGHTNESS,
    DARK_SKIN_ITA_DEG,
    LIGHT_SKIN_ITA_DEG,
    PhotoQuality,
    measure_photos,
)
from kilomark.excerpts import excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kilomark.data.face_crops import FaceCrops
    from kilomark.topology import LandmarkGroup

__all__ = [
    "LIMIT_FACTOR",
    "Slice",
    "eye_opening",
    "measure_slices",
    "mouth_opening",
    "read_noted_slices",
    "slice_members",
]

Array = np.ndarray[Any, Any]

CLOSED_EYES = 0.13  # distance of the lids over the width of the eye
OPEN_MOUTH = 0.3  # distance of the inner lips over their width
BLURRED_SHARE = 0.1  # the least sharp tenth of the photos
LIMIT_FACTOR = 2.0  # an error this many times the mean's is named as a limit
_FEWEST_FACES = 10
_NUM_DRAWS = 1000  # sets of faces drawn for the interval of a factor


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the faces and its error.

    Attributes:
        name: property that these faces share.
        num_faces: how many they are.
        nme_percent: their mean error.
        median_nme_percent: their median error.
        failure_percent: share of them above 8 %.
        factor: their mean error over that of all faces.
        factor_interval: 95 % interval of the factor, from sets of as many faces drawn with
            replacement. It is wide where the slice has few faces.
        box_error_percent: their mean error over the square root of the box's area, which holds in
            profile too; None where it was not measured.
    """

    name: str
    num_faces: int
    nme_percent: float
    median_nme_percent: float
    failure_percent: float
    factor: float
    factor_interval: tuple[float, float]
    box_error_percent: float | None = None

    @property
    def is_limit(self) -> bool:
        """Whether a model card has to name this."""
        return self.factor > LIMIT_FACTOR


def measure_slices(
    members: Mapping[str, Array], per_face: Array, by_box: Array | None = None
) -> list[Slice]:
    """Error of each slice with at least ten faces.

    Args:
        members: (N,) bool for each slice's name.
        per_face: (N,) NME in percent.
        by_box: (N,) error over the square root of the box's area, in percent.
    """
    large = {name: chosen for name, chosen in members.items() if chosen.sum() >= _FEWEST_FACES}
    if not large:
        return []
    slices = []
    intervals = _factor_intervals(list(large.values()), per_face)
    for (name, chosen), interval in zip(large.items(), intervals, strict=True):
        errors = per_face[chosen]
        slices.append(
            Slice(
                name,
                len(errors),
                nme_percent=float(errors.mean()),
                median_nme_percent=float(np.median(errors)),
                failure_percent=float(100 * (errors > 8).mean()),
                factor=float(errors.mean() / per_face.mean()),
                factor_interval=interval,
                box_error_percent=None if by_box is None else float(by_box[chosen].mean()),
            )
        )
    return slices


def _factor_intervals(members: Sequence[Array], per_face: Array) -> list[tuple[float, float]]:
    """For each slice the interval of its factor, over sets of faces drawn with replacement."""
    generator = np.random.default_rng(0)  # the same errors give the same report
    count = len(per_face)
    belongs = np.stack(members).astype(np.float64)
    factors = np.empty((_NUM_DRAWS, len(members)))
    for draw in range(_NUM_DRAWS):
        times = np.bincount(generator.integers(count, size=count), minlength=count)
        weighed = times * per_face
        of_slices = belongs @ weighed / np.maximum(belongs @ times, 1)
        factors[draw] = of_slices / weighed.mean()
    low, high = np.percentile(factors, (2.5, 97.5), axis=0)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def read_noted_slices(path: Path) -> dict[str, list[str]]:
    """Read slices that were assigned by hand: names of photos by slice, such as glasses.

    Args:
        path: a JSON file, ``{"glasses": ["photo", ...], ...}``.

    Raises:
        InvalidInputError: the file holds something else.
    """
    try:
        noted: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"cannot read slices from {path}: {error}") from error
    is_wanted = isinstance(noted, dict) and all(
        isinstance(photos, list) and all(isinstance(photo, str) for photo in photos)
        for photos in noted.values()
    )
    if not is_wanted:
        raise InvalidInputError(
            f"{path} holds no slices; expected a JSON object of slices' names, each with a list of "
            'the names of its photos: {"glasses": ["00010", "00096"]}'
        )
    return dict(noted)


def slice_members(
    faces: FaceCrops, noted: Mapping[str, Sequence[str]] | None = None
) -> dict[str, Array]:
    """Which of the N faces belong to each slice, as (N,) bool.

    Slices that need the 971 landmarks' meaning are left out for other sets of landmarks.

    Raises:
        InvalidInputError: ``noted`` names a photo that shows none of the faces.
    """
    members = {"all faces": np.ones(len(faces), bool)}
    groups = faces.topology.groups
    if {"right_eye", "left_eye", "inner_lips"} <= set(groups):
        members |= _expressions(faces.landmarks, groups)
    members["masked"] = faces.source == "mask"
    members |= _noted(faces, noted or {})
    members |= _poses(faces.pose)
    for attribute, values in faces.attributes.items():
        for value in np.unique(values):
            members[f"{attribute} {value}"] = values == value
    members["cut off by the photo's edge"] = _cut_off(faces)
    return members | _photos(measure_photos(faces), members["masked"])


def eye_opening(landmarks: Array, start: int, count: int) -> Array:
    """(N,) distance of the lids over the width of the eye.

    The contour runs from the outer corner along the lower lid to the inner one and back.
    """
    half = count // 2
    inner = np.arange(half // 4, half - half // 4 + 1)
    lower, upper = landmarks[:, start + inner], landmarks[:, start + count - inner]
    width = np.linalg.norm(landmarks[:, start] - landmarks[:, start + half], axis=-1)
    opening: Array = np.linalg.norm(lower - upper, axis=-1).mean(1) / width
    return opening


def mouth_opening(landmarks: Array, start: int, count: int) -> Array:
    """(N,) distance of the inner lips at their middle over their width."""
    half, quarter = count // 2, count // 4
    width = np.linalg.norm(landmarks[:, start] - landmarks[:, start + half], axis=-1)
    lower, upper = landmarks[:, start + quarter], landmarks[:, start + count - quarter]
    opening: Array = np.linalg.norm(lower - upper, axis=-1) / width
    return opening


def _expressions(landmarks: Array, groups: Mapping[str, LandmarkGroup]) -> dict[str, Array]:
    def where(name: str) -> tuple[int, int]:
        return groups[name].start, groups[name].count

    eyes = (eye_opening(landmarks, *where(name)) for name in ("right_eye", "left_eye"))
    return {
        "closed eyes": np.mean(list(eyes), 0) < CLOSED_EYES,
        "open mouth": mouth_opening(landmarks, *where("inner_lips")) > OPEN_MOUTH,
    }


def _noted(faces: FaceCrops, noted: Mapping[str, Sequence[str]]) -> dict[str, Array]:
    names = [faces.name(face) for face in range(len(faces))]
    unknown = sorted({photo for photos in noted.values() for photo in photos} - set(names))
    if unknown:
        raise InvalidInputError(
            f"the noted slices name {len(unknown)} photos that the validation split does not hold "
            f"(first: {excerpt(unknown[0])}); expected names of its photos: note slices of this "
            "data set"
        )
    return {name: np.isin(names, list(photos)) for name, photos in noted.items()}


def _poses(pose: Array) -> dict[str, Array]:
    yaw, pitch, roll = np.abs(pose).T
    return {
        "yaw below 15°": yaw < 15,
        "yaw 15° to 30°": (yaw >= 15) & (yaw < 30),
        "yaw above 30°": yaw >= 30,
        "yaw 30° to 45°": (yaw >= 30) & (yaw < 45),
        "yaw above 45°": yaw >= 45,
        "pitch above 15°": pitch >= 15,
        "roll above 15°": roll >= 15,
    }


def _cut_off(faces: FaceCrops) -> Array:
    low, high = faces.landmarks.min(1), faces.landmarks.max(1)
    outside = (low < faces.valid[:, :2]) | (high > faces.valid[:, 2:])
    return np.asarray(outside.any(1))


def _photos(quality: PhotoQuality, masked: Array) -> dict[str, Array]:
    skin = quality.is_color & ~masked
    blurred = quality.sharpness <= np.quantile(quality.sharpness, BLURRED_SHARE)
    return {
        "gray photo": ~quality.is_color,
        "color photo": quality.is_color,
        "light skin as pictured": skin & (quality.skin_ita_deg > LIGHT_SKIN_ITA_DEG),
        "medium skin as pictured": skin
        & (quality.skin_ita_deg <= LIGHT_SKIN_ITA_DEG)
        & (quality.skin_ita_deg >= DARK_SKIN_ITA_DEG),
        "dark skin as pictured": skin & (quality.skin_ita_deg < DARK_SKIN_ITA_DEG),
        "badly lit": quality.lightness < DARK_FACE_LIGHTNESS,
        "blurred or small": blurred,
    }
