"""Reads the data sets that the finder's training images are composed of into one image bank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.data.drawn_faces import cartoon, drawn_face
from kilomark.data.dressing import dress_face
from kilomark.data.face_crops import read_face_crops
from kilomark.data.finder_sources import (
    CARTOON,
    FACE,
    IGNORED,
    NONE,
    FaceTable,
    FinderSources,
    FinderSourcesBuilder,
    angles_of,
    faces_of_landmarks,
    no_faces,
)
from kilomark.data.hard_negatives import read_hard_negatives
from kilomark.data.image_bank import ImageBank, ImageBankBuilder
from kilomark.data.photo_set import read_photo_set
from kilomark.data.scenes import boxes_of_scenes, read_backgrounds, read_boxes_by_photo, read_scenes
from kilomark.data.synthetic_negatives import make_synthetic_negative
from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from kilomark.data.face_crops import FaceCrops
    from kilomark.data.hard_negatives import HardNegatives
    from kilomark.data.packed_images import PackedImages
    from kilomark.data.scenes import Scenes

__all__ = ["KEYPOINT_LANDMARKS", "read_finder_data"]

Array = np.ndarray[Any, Any]

# right pupil, left pupil, nose tip, right and left mouth corner among the 971 landmarks
KEYPOINT_LANDMARKS = (552, 585, 626, 731, 795)
_DRAWN_PX = 128
_SEED = 5


def read_finder_data(
    faces_dirs: Sequence[Path],
    scenes_dir: Path,
    cache_dir: Path | None = None,
    *,
    photos_dir: Path | None = None,
    hard_negatives: Path | None = None,
    reviewed: Path | None = None,
    num_dressed: int,
    num_drawn: int,
) -> tuple[ImageBank, FinderSources]:
    """Read the training splits; the arguments are those of `FinderTask`."""
    if not faces_dirs:
        raise InvalidInputError("no data set of face crops; expected at least one: give --faces")
    data = _Collected()
    crops = [read_face_crops(folder, "train", cache_dir) for folder in faces_dirs]
    for number, (faces, folder) in enumerate(zip(crops, faces_dirs, strict=True)):
        data.add_crops("crop" if number == 0 else "fairface", faces)
        share = num_dressed * len(faces) // sum(map(len, crops))
        _add_dressed(data, faces, folder, share)
    _add_drawn(data, crops[0], num_drawn)
    scenes = read_scenes(scenes_dir, "train", cache_dir)
    noted = {} if reviewed is None else read_boxes_by_photo(reviewed)
    data.add(
        "frame", (scenes.image(i) for i in range(len(scenes))), *_faces_of_scenes(scenes, noted)
    )
    backgrounds, rows, _ = read_backgrounds(scenes_dir, cache_dir)
    data.add_without_faces("background", [backgrounds[int(row)] for row in rows])
    if photos_dir is not None:
        photos = read_photo_set(photos_dir, "train", cache_dir)
        images = (photos.image(i) for i in range(len(photos)))
        data.add("crowd", images, np.diff(photos.first_face), photos.faces)
    if hard_negatives is not None:
        _add_hard_negatives(data, read_hard_negatives(hard_negatives, scenes.images, backgrounds))
    return data.bank.finish(), data.sources.finish()


class _Collected:
    """A bank and the labels of its images, which grow together."""

    def __init__(self) -> None:
        self.bank = ImageBankBuilder("cpu")
        self.sources = FinderSourcesBuilder()

    def add(
        self, kind: str, images: Iterable[Array], counts: Array, faces: FaceTable,
        valid: Array | None = None,
    ) -> None:  # fmt: skip
        extents = []

        def noted() -> Iterable[Array]:
            for image in images:
                extents.append((0, 0, image.shape[1], image.shape[0]))
                yield image

        self.bank.add_images(noted())
        whole = np.array(extents, np.float64).reshape(-1, 4)
        self.sources.add(kind, whole if valid is None else valid, counts, faces)

    def add_without_faces(self, kind: str, images: Sequence[Array]) -> None:
        self.add(kind, images, np.zeros(len(images), np.int64), no_faces())

    def add_crops(self, kind: str, faces: FaceCrops) -> None:
        table = _table(faces.landmarks)
        images = (faces.image(i) for i in range(len(faces)))
        self.add(kind, images, np.ones(len(faces), np.int64), table, faces.valid)


def _table(landmarks: Array, state: int = FACE) -> FaceTable:
    points = landmarks.astype(np.float64)
    return faces_of_landmarks(points, points[:, list(KEYPOINT_LANDMARKS)], state)


def _add_dressed(data: _Collected, faces: FaceCrops, folder: Path, count: int) -> None:
    """Draw masks, glasses, caps and hands on ``count`` of the faces, spread evenly."""
    labels = np.load(folder / "labels.npz")
    vertices = labels["vertices"][labels["split"] == "train"]
    chosen = np.linspace(0, len(faces) - 1, min(count, len(faces))).astype(int)
    if not len(chosen):
        return
    rngs = [np.random.default_rng([_SEED, 1, int(face)]) for face in chosen]
    images = (
        dress_face(faces.image(int(face)), vertices[face].astype(np.float64) / 32, rng)
        for face, rng in zip(chosen, rngs, strict=True)
    )
    table = _table(faces.landmarks[chosen])
    data.add("dressed", images, np.ones(len(chosen), np.int64), table, faces.valid[chosen])


def _add_drawn(data: _Collected, faces: FaceCrops, count: int) -> None:
    """Add posterized faces, drawn faces, and other drawn negatives: ``count`` of each."""
    rng = np.random.default_rng([_SEED, 2])
    chosen = rng.integers(len(faces), size=count)
    painted = [cartoon(faces.image(int(face)), rng) for face in chosen]
    if not painted:
        return
    one_each = np.ones(count, np.int64)
    table = _table(faces.landmarks[chosen], CARTOON)
    data.add("cartoon", painted, one_each, table, faces.valid[chosen])
    middle, extent = np.full((count, 2), _DRAWN_PX / 2), np.full((count, 2), 0.62 * _DRAWN_PX)
    drawn = [drawn_face(rng, _DRAWN_PX) for _ in range(count)]
    data.add("cartoon", drawn, one_each, _without_keypoints(middle, extent, CARTOON))
    negatives = [make_synthetic_negative(faces, rng) for _ in range(count)]
    data.add_without_faces("synthetic", [image for image in negatives if min(image.shape[:2]) >= 8])


def _faces_of_scenes(scenes: Scenes, noted: dict[str, Array]) -> tuple[Array, FaceTable]:
    """Number of faces of each scene, and the faces: the labeled one, then the noted ones."""
    angles = angles_of(scenes.keypoints.astype(np.float64))
    others = boxes_of_scenes(noted, scenes)
    tables = []
    for scene, boxes in enumerate(others):
        own = scenes.boxes[scene].astype(np.float64)
        extent = _upright_extent(own[2:] - own[:2], float(angles[scene]))
        labeled = FaceTable(
            ((own[:2] + own[2:]) / 2)[None], extent[None], angles[scene : scene + 1],
            scenes.keypoints[scene : scene + 1].astype(np.float64), np.ones(1, bool),
            np.array([FACE]),
        )  # fmt: skip
        middle, size = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
        tables += [labeled, _without_keypoints(middle, size, IGNORED)]
    counts = np.array([1 + len(boxes) for boxes in others], np.int64)
    names = FaceTable.__dataclass_fields__
    return counts, FaceTable(*(np.concatenate([getattr(t, n) for t in tables]) for n in names))


def _upright_extent(extent: Array, angle_deg: float) -> Array:
    """Width and height of a face, an ellipse near enough, whose turned box is known."""
    if abs(angle_deg) > 30:  # too near to 45 degrees, where both are the same
        return extent
    cosine, sine = np.cos(np.radians(angle_deg)) ** 2, np.sin(np.radians(angle_deg)) ** 2
    squares = (extent**2 * cosine - extent[::-1] ** 2 * sine) / (cosine - sine)
    return np.asarray(np.sqrt(np.maximum(squares, 0.4 * extent**2)))


def _without_keypoints(center: Array, extent: Array, state: int) -> FaceTable:
    count = len(center)
    return FaceTable(
        center.astype(np.float64), extent.astype(np.float64), np.zeros(count),
        np.zeros((count, 5, 2)), np.zeros(count, bool), np.full(count, state, np.int64),
    )  # fmt: skip


def _add_hard_negatives(data: _Collected, hard_negatives: HardNegatives) -> None:
    """Show each photo once more, around the false positive."""
    photos: dict[tuple[int, int], tuple[PackedImages, int, list[int]]] = {}
    for index, (images, row) in enumerate(hard_negatives.photos):
        photos.setdefault((id(images), row), (images, row, []))[2].append(index)
    chosen = np.array([index for *_, members in photos.values() for index in members], int)
    boxes = hard_negatives.boxes[chosen].reshape(-1, 4)
    table = _without_keypoints((boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2], NONE)
    counts = np.array([len(members) for *_, members in photos.values()], np.int64)
    data.add("hard", (images[row] for images, row, _ in photos.values()), counts, table)
