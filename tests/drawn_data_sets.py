"""Tiny data sets in the documented formats, drawn for the test: no photo of anybody."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from kilomark.contest.drawn import write_drawn_contest

if TYPE_CHECKING:
    from pathlib import Path

NUM_LANDMARKS = 971
CROP_PX = 176


@pytest.fixture(scope="session")
def faces_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of face crops: 24 drawn faces to train on, 6 to validate."""
    return write_face_crops(tmp_path_factory.mktemp("faces"))


def write_face_crops(folder: Path) -> Path:
    """Write 24 drawn faces to train on and 6 to validate; return the folder."""
    rng = np.random.default_rng(0)
    vertices = np.stack([_drawn_vertices(rng) for _ in range(30)])
    _write_tar(folder / "train-0.tar", [_drawn_face(v) for v in vertices[:24]], first=0)
    _write_tar(folder / "val.tar", [_drawn_face(v) for v in vertices[24:]], first=24)
    np.savez(
        folder / "labels.npz",
        name=np.array([f"{i:05d}" for i in range(30)]),
        split=np.array(["train"] * 24 + ["val"] * 6),
        person=np.arange(30, dtype=np.int32),
        source=np.array(["drawn", "drawn", "mask"] * 10),
        vertices=np.round(vertices * 32).astype(np.int16),
        pose=np.zeros((30, 3), np.float16),
        valid=np.tile(np.array([0, 0, CROP_PX, CROP_PX], np.int16) * 32, (30, 1)),
    )
    # Landmark k lies at vertex k of a ring, so that the fixed matrix is the identity.
    index = np.arange(NUM_LANDMARKS)
    np.savez(
        folder / "vertices_to_landmarks.npz",
        row=index,
        col=index,
        weight=np.ones(NUM_LANDMARKS, np.float32),
    )
    topology = {
        "num_landmarks": NUM_LANDMARKS,
        "groups": [{"name": "ring", "start": 0, "count": NUM_LANDMARKS, "closed": True}],
        "mirror": np.roll(index[::-1], 1).tolist(),
    }
    (folder / "topology.json").write_text(json.dumps(topology))
    return folder


@pytest.fixture(scope="session")
def scenes_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of scenes: 6 photos with a drawn face, 8 without."""
    return write_scenes(tmp_path_factory.mktemp("scenes"))


def write_scenes(folder: Path, *, num_backgrounds: int = 8) -> Path:
    """Write 6 photos with a drawn face, and some without; return the folder."""
    rng = np.random.default_rng(1)
    vertices = np.stack([_drawn_vertices(rng) for _ in range(6)])
    _write_tar(folder / "frames.tar", [_drawn_face(v) for v in vertices], first=0)
    np.savez(
        folder / "frames.npz",
        name=np.array([f"{i:05d}" for i in range(6)]),
        split=np.array(["train"] * 4 + ["val"] * 2),
        box=np.concatenate([vertices.min(1), vertices.max(1)], 1).astype(np.float32),
        keypoints=vertices[:, :5].astype(np.float32),
    )
    noise = [rng.integers(0, 256, (90, 120, 3), np.uint8) for _ in range(num_backgrounds)]
    _write_tar(folder / "backgrounds.tar", noise, first=0)
    return folder


@pytest.fixture(scope="session")
def contest_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set in the contest's layout: 20 drawn faces with labels, 4 without. Copy to change."""
    folder = tmp_path_factory.mktemp("contest")
    write_drawn_contest(folder, num_labeled=20, num_test=4)
    return folder


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def _drawn_vertices(rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """A ring of landmarks; the first is the rightmost, and mirroring reverses the ring."""
    angle = 2 * np.pi * np.arange(NUM_LANDMARKS) / NUM_LANDMARKS
    center = CROP_PX / 2 + rng.normal(0, 3, 2)
    radius = rng.uniform(45, 55, 2)
    turned = np.stack([-np.sin(angle), -np.cos(angle)], 1)  # the mirror axis is vertical
    return center + radius * turned


def _drawn_face(vertices: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    image = np.full((CROP_PX, CROP_PX, 3), 60, np.uint8)
    cv2.fillPoly(image, [np.round(vertices - 0.5).astype(np.int32)], (220, 190, 170))
    return image


def _write_tar(path: Path, images: list[np.ndarray[Any, Any]], first: int) -> None:
    with tarfile.open(path, "w") as tar:
        for number, image in enumerate(images, start=first):
            _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
            member = tarfile.TarInfo(f"{number:05d}.jpg")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data.tobytes()))
