"""The user's own faces, to check and calibrate conversions on: from photos or a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from kilomark.conversion.samples import cut_sample, face_square, whole_square
from kilomark.detector import Detector
from kilomark.errors import InvalidInputError, KilomarkError
from kilomark.images import to_pixels
from kilomark.manifest import LandmarkBundle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kilomark.conversion.onnx_run import Images
    from kilomark.manifest import Bundle

__all__ = ["read_calibration_samples", "read_samples"]

LARGEST_NUM_SAMPLES = 1000
CALIBRATION_IMAGES = 200
CHECK_IMAGES = 100
FEWEST_IMAGES = 20
_PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")

Split: TypeAlias = Literal["train", "val"]


def read_samples(
    bundle: Bundle, folder: Path, *, split: Split = "val", at_most: int = LARGEST_NUM_SAMPLES
) -> Images:
    """Return faces of a folder as the network of ``bundle`` sees them.

    Args:
        bundle: of the network.
        folder: of photos, in which the shipped face detector finds the faces; or a data set of
            face crops as `kilomark train --faces` takes it.
        split: of the data set.
        at_most: take this many, spread evenly over all that there are.

    Returns:
        (N, 3, H, W) float32, normalized.

    Raises:
        InvalidInputError: there is no face in the folder.
    """
    if _is_data_set(folder):
        found = list(_of_data_set(bundle, folder, split, at_most))
    else:
        found = list(_of_photos(bundle, folder, at_most))
    if not found:
        raise InvalidInputError(
            f"there is no face in {folder}; expected a folder of photos "
            f"({', '.join(_PHOTO_SUFFIXES)}) with faces, or a data set of face crops"
        )
    return np.stack(found)


def read_calibration_samples(bundle: Bundle, folder: Path) -> tuple[Images, Images]:
    """Return faces to calibrate a quantized network on, and other faces to check it with.

    A data set of face crops gives its training split for calibration and its validation split for
    the check. Of photos, four faces in five are for calibration and one in five is for the check.

    Raises:
        InvalidInputError: there are too few faces in the folder.
    """
    if _is_data_set(folder):
        return (
            read_samples(bundle, folder, split="train", at_most=CALIBRATION_IMAGES),
            read_samples(bundle, folder, split="val", at_most=CHECK_IMAGES),
        )
    images = read_samples(bundle, folder, at_most=CALIBRATION_IMAGES + CALIBRATION_IMAGES // 4)
    if len(images) < FEWEST_IMAGES:
        raise InvalidInputError(
            f"{folder} has {len(images)} faces; expected at least {FEWEST_IMAGES}, better "
            f"{CALIBRATION_IMAGES}, to measure activations on"
        )
    is_check = np.arange(len(images)) % 5 == 4
    return images[~is_check], images[is_check]


def _is_data_set(folder: Path) -> bool:
    return (folder / "labels.npz").is_file()


def _of_photos(bundle: Bundle, folder: Path, at_most: int) -> Iterator[npt.NDArray[np.float32]]:
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in _PHOTO_SUFFIXES]
    detector = Detector("lite", device="cpu")
    for index in _spread(len(paths), at_most):
        try:
            photo = to_pixels(paths[index]).array
        except KilomarkError:  # skip files that are not photos
            continue
        squares = [whole_square(photo)]
        if isinstance(bundle, LandmarkBundle):
            boxes = [face.box.tolist() for face in detector.predict(photo)]
            squares = [face_square(tuple(box), bundle) for box in boxes]
        for square in squares:
            yield cut_sample(bundle, photo, square)


def _of_data_set(
    bundle: Bundle, folder: Path, split: Split, at_most: int
) -> Iterator[npt.NDArray[np.float32]]:
    from kilomark.data.face_crops import read_face_crops
    from kilomark.data.landmark_samples import crop_square

    faces = read_face_crops(folder, split)
    for face in _spread(len(faces), at_most):
        photo = np.ascontiguousarray(faces.image(face)[..., ::-1])
        square = whole_square(photo)
        if isinstance(bundle, LandmarkBundle):
            center, side = crop_square(faces.landmarks[face], bundle.crop_scale)
            square = (float(center[0]), float(center[1])), side
        yield cut_sample(bundle, photo, square)


def _spread(count: int, at_most: int) -> list[int]:
    return [int(i) for i in np.unique(np.linspace(0, count - 1, min(count, at_most)).astype(int))]
