"""Boxes that people drew, made the boxes of landmarks."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

import tarfile
from typing import TYPE_CHECKING

import cv2
import numpy as np
from tools.refit_faces import write_photo_set

from kilomark import Detector
from kilomark.data.finder_sources import FACE
from kilomark.data.photo_set import read_photo_set
from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_drawn_head_becomes_the_box_of_its_landmarks(tmp_path: Path, demo_photo: Path) -> None:
    detector = Detector("lite", device="cpu")
    photo = cv2.imread(str(demo_photo))
    (face,) = detector.predict(photo)
    low, high = face.landmarks.min(0), face.landmarks.max(0)
    size = high - low
    head = np.concatenate([low - 0.25 * size, high + 0.1 * size])
    folder = tmp_path / "heads"
    folder.mkdir()
    with tarfile.open(folder / "heads.tar", "w") as tar:
        tar.add(demo_photo, "p0.jpg")
    np.savez(
        folder / "heads.npz", name=np.array(["p0"]), source=np.array(["demo"]),
        photo=np.array([0, 0]), box=np.stack([head, [2.0, 2, 30, 40]]).astype(np.float32),
    )  # fmt: skip

    write_photo_set(folder, tmp_path / "photos", detector, 0.0, tmp_path / "cache")

    photos = read_photo_set(tmp_path / "photos", "train", tmp_path / "cache")
    assert photos.first_face.tolist() == [0, 2]
    faces = photos.faces
    assert faces.state.tolist() == [FACE, FACE]
    assert faces.has_keypoints.tolist() == [True, False]  # the corner holds no face
    assert np.abs(faces.center[0] - (low + high) / 2).max() < 0.04 * size.max()
    assert faces.extent[0] == pytest.approx(size, rel=0.06)
    assert (
        faces.extent[1] < [28, 38]
    ).all()  # smaller, as the landmarks' box is than the drawn head


def test_a_folder_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"photos\.npz"):
        read_photo_set(tmp_path, "train", tmp_path)
