"""Face crops whose eyes are drawn where the labels say, with the 971 landmarks: no photo."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from kilomark.manifest import read_landmark_bundle

if TYPE_CHECKING:
    from pathlib import Path

CROP_PX = 176
SKIN, WHITE, DARK = (220, 180, 160), (245, 245, 245), (60, 40, 30)


def write_eye_crops(folder: Path, *, num_train: int = 12, num_val: int = 6) -> Path:
    """Write a data set of face crops; every third face has nearly shut eyes."""
    topology = read_landmark_bundle("lite").topology
    rng = np.random.default_rng(0)
    count = num_train + num_val
    openings = [0.08 if number % 3 == 0 else 0.3 for number in range(count)]
    faces = [drawn_landmarks(opening, rng) for opening in openings]
    for name, first, last in (("train", 0, num_train), ("val", num_train, count)):
        with tarfile.open(folder / f"{name}-0.tar", "w") as tar:
            for number in range(first, last):
                _, data = cv2.imencode(".jpg", draw_eyes(faces[number])[..., ::-1])
                member = tarfile.TarInfo(f"{number:05d}.jpg")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data.tobytes()))
    np.savez(
        folder / "labels.npz",
        name=np.array([f"{number:05d}" for number in range(count)]),
        split=np.array(["train"] * num_train + ["val"] * num_val),
        person=np.arange(count),
        vertices=np.round(np.stack(faces) * 32).astype(np.int16),
        pose=np.zeros((count, 3), np.float16),
        valid=np.tile(np.array([0, 0, CROP_PX, CROP_PX], np.int16) * 32, (count, 1)),
    )
    index = np.arange(topology.num_landmarks)
    np.savez(
        folder / "vertices_to_landmarks.npz",
        row=index, col=index, weight=np.ones(len(index), np.float32),
    )  # fmt: skip
    assert topology.mirror is not None
    described = {
        "num_landmarks": topology.num_landmarks,
        "groups": [
            {"name": g.name, "start": g.start, "count": g.count, "closed": g.closed}
            for g in topology.groups.values()
        ],
        "mirror": topology.mirror.tolist(),
    }
    (folder / "topology.json").write_text(json.dumps(described))
    return folder


def drawn_landmarks(opening: float, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """The mean face (971, 2) in pixels of a crop, its lids at this share of the eyes' width."""
    topology = read_landmark_bundle("lite").topology
    assert topology.mean_shape is not None
    flat = topology.mean_shape[:, :2]
    extent = np.ptp(flat, axis=0).max()
    landmarks = (flat - flat.mean(0)) / extent * 110 + CROP_PX / 2 + rng.normal(0, 2, 2)
    for name in ("right_eye", "left_eye"):
        group = topology.groups[name]
        lids = landmarks[group.indices]
        middle = (lids[0] + lids[group.count // 2]) / 2
        width = np.linalg.norm(lids[0] - lids[group.count // 2])
        tall = np.ptp(lids[:, 1])
        lids[:, 1] = middle[1] + (lids[:, 1] - middle[1]) * opening * width * 1.3 / tall
    moved: np.ndarray[Any, Any] = landmarks
    return moved


def draw_eyes(landmarks: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """(176, 176, 3) uint8 RGB: skin, the white of both eyes, and irises between the lids."""
    topology = read_landmark_bundle("lite").topology
    image = np.full((CROP_PX, CROP_PX, 3), SKIN, np.uint8)
    for side in ("right", "left"):
        lids = np.round(landmarks[topology.groups[f"{side}_eye"].indices] * 16).astype(np.int32)
        iris = landmarks[topology.groups[f"{side}_iris"].indices].astype(np.float32)
        eye, inside = np.zeros_like(image), np.zeros(image.shape[:2], np.uint8)
        eye[:] = WHITE
        (x, y), radius = cv2.minEnclosingCircle(iris)
        cv2.circle(eye, (round(x), round(y)), round(radius), DARK, cv2.FILLED)
        cv2.fillPoly(inside, [lids], 1, shift=4)
        image[inside > 0] = eye[inside > 0]
    return image
