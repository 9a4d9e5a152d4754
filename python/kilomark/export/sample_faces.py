"""Faces to check and calibrate conversions on: the user's, or the demo photo's, varied."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from kilomark import _core
from kilomark.detector import Detector
from kilomark.errors import InvalidInputError, KilomarkError
from kilomark.images import to_pixels
from kilomark.manifest import LandmarkBundle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kilomark.conversion.onnx_run import Images
    from kilomark.manifest import Bundle

__all__ = ["demo_samples", "read_samples"]

DEMO_PHOTO = Path(__file__).parent.parent / "demo" / "astronaut.jpg"
NUM_DEMO_SAMPLES = 32
LARGEST_NUM_SAMPLES = 1000
_PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")

Photo: TypeAlias = npt.NDArray[np.uint8]
Split: TypeAlias = Literal["train", "val"]


def demo_samples(bundle: Bundle, count: int = NUM_DEMO_SAMPLES, seed: int = 0) -> Images:
    """Return the demo photo as the network of ``bundle`` may see it: moved, turned, lit otherwise.

    Returns:
        (count, 3, H, W) float32, normalised; the same for the same seed.
    """
    rng = np.random.default_rng(seed)
    photo = to_pixels(DEMO_PHOTO).array
    center, side = _whole(photo)
    if isinstance(bundle, LandmarkBundle):
        (center, side), *_ = _face_squares(photo, bundle, _finding_detector())
    samples = []
    for _ in range(count):
        x, y = np.array(center) + rng.normal(0, 0.04, 2) * side
        size, angle_deg = side * float(np.exp(rng.normal(0, 0.1))), float(rng.normal(0, 12))
        samples += [_cut(bundle, _relit(photo, rng), (float(x), float(y)), size, angle_deg)]
    return np.stack(samples)


def read_samples(
    bundle: Bundle, folder: Path, *, split: Split = "val", at_most: int = LARGEST_NUM_SAMPLES
) -> Images:
    """Return faces of a folder as the network of ``bundle`` sees them.

    Args:
        bundle: of the network.
        folder: of photos, in which the shipped face finder finds the faces; or a data set of face
            crops as `kilomark train --faces` takes it.
        split: of the data set.
        at_most: take this many, spread over all that there are.

    Returns:
        (N, 3, H, W) float32, normalised.

    Raises:
        InvalidInputError: there is no face in the folder.
    """
    is_data_set = (folder / "labels.npz").is_file()
    found = _of_data_set(bundle, folder, split, at_most) if is_data_set else []
    if not is_data_set:
        found = list(_of_photos(bundle, folder, at_most))
    if not found:
        raise InvalidInputError(
            f"there is no face in {folder}; expected a folder of photos "
            f"({', '.join(_PHOTO_SUFFIXES)}) with faces, or a data set of face crops"
        )
    return np.stack(found)


def _of_photos(bundle: Bundle, folder: Path, at_most: int) -> Iterator[npt.NDArray[np.float32]]:
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in _PHOTO_SUFFIXES]
    detector = _finding_detector()
    for index in _spread(len(paths), at_most):
        try:
            photo = to_pixels(paths[index]).array
        except KilomarkError:  # a file that is no photo says nothing about the network
            continue
        squares = [_whole(photo)]
        if isinstance(bundle, LandmarkBundle):
            squares = _face_squares(photo, bundle, detector)
        for center, side in squares:
            yield _cut(bundle, photo, center, side)


def _of_data_set(
    bundle: Bundle, folder: Path, split: Split, at_most: int
) -> list[npt.NDArray[np.float32]]:
    from kilomark.data.face_crops import read_face_crops
    from kilomark.data.landmark_samples import crop_square

    faces = read_face_crops(folder, split)
    samples = []
    for face in _spread(len(faces), at_most):
        photo = np.ascontiguousarray(faces.image(face)[..., ::-1])
        if isinstance(bundle, LandmarkBundle):
            center, side = crop_square(faces.landmarks[face], bundle.crop_scale)
            samples.append(_cut(bundle, photo, (float(center[0]), float(center[1])), side))
        else:
            samples.append(_cut(bundle, photo, *_whole(photo)))
    return samples


def _spread(count: int, at_most: int) -> list[int]:
    return [int(i) for i in np.unique(np.linspace(0, count - 1, min(count, at_most)).astype(int))]


def _finding_detector() -> Detector:
    return Detector("lite", device="cpu")


def _face_squares(
    photo: Photo, bundle: LandmarkBundle, detector: Detector
) -> list[tuple[tuple[float, float], float]]:
    """Centre and side of the network's crop of each face."""
    boxes = [face.box.tolist() for face in detector.predict(photo)]
    return [
        (((x0 + x1) / 2, (y0 + y1) / 2), bundle.crop_scale * max(x1 - x0, y1 - y0))
        for x0, y0, x1, y1 in boxes
    ]


def _whole(photo: Photo) -> tuple[tuple[float, float], float]:
    height, width = photo.shape[:2]
    return (width / 2, height / 2), float(max(width, height))


def _cut(
    bundle: Bundle, photo: Photo, center: tuple[float, float], side: float, angle_deg: float = 0.0
) -> npt.NDArray[np.float32]:
    given = bundle.input
    return _core.crop(
        photo, "bgr", center=center, side=side, angle_deg=angle_deg,
        size=(given.width, given.height), channel_order=given.channel_order,
        mean=given.mean, std=given.std,
    )  # fmt: skip


def _relit(photo: Photo, rng: np.random.Generator) -> Photo:
    """Vary the contrast, the brightness, the colour and the noise, and mirror one in two."""
    gain = np.exp(rng.normal(0, 0.2)) * np.exp(rng.normal(0, 0.08, 3))
    noise: Any = rng.normal(0, rng.uniform(0, 8), photo.shape)
    lit = np.clip(photo * gain + rng.normal(0, 15) + noise, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(lit[:, ::-1] if rng.random() < 0.5 else lit)
