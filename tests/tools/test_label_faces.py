"""Labeling with a stand-in for MediaPipe, and with MediaPipe itself where it is installed."""

from __future__ import annotations

import csv
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from PIL import Image
from tests.tiny_bundles import write_landmark_bundle
from tools.labeling.data_set import CropRule, crop_face
from tools.labeling.folder import Rules, label_folder
from tools.labeling.mesh_contours import CONTOURS, landmark_matrix
from tools.labeling.own_network import open_bundle
from tools.labeling.views import VIEWS, Labeler, NoLabelError, label_photo

import kilomark
from kilomark.errors import InvalidInputError
from kilomark.manifest import read_landmark_bundle

if TYPE_CHECKING:
    from pathlib import Path

Array = np.ndarray[Any, Any]

TOPOLOGY = read_landmark_bundle("lite").topology


def draw_face(width: int = 300, height: int = 200, tilt_deg: float = 20.0) -> Array:
    """A bright ellipse for a face, off the middle and tilted clockwise."""
    photo = np.full((height, width, 3), 40, np.uint8)
    cv2.ellipse(photo, (110, 95), (50, 70), tilt_deg, 0, 360, (200, 180, 170), cv2.FILLED)
    return photo


def place_on_ellipse(image: Array) -> Array | None:
    """A mesh network for such drawings: the mean face, turned and sized as the ellipse."""
    bright = np.argwhere(image[..., 0] > 120)[:, ::-1] + 0.5
    if not len(bright):
        return None
    turns = np.linalg.eigh(np.cov(bright.T))
    down = turns.eigenvectors[:, 1] * np.sign(turns.eigenvectors[1, 1])
    right = np.array([down[1], -down[0]])
    size = np.sqrt(turns.eigenvalues[1])
    return bright.mean(0) + size * TOPOLOGY.mean_shape[:, :2] @ np.stack([right, down])


DRAWN = Labeler("test", place_on_ellipse, TOPOLOGY.mirror)


def test_landmarks_are_sums_of_at_most_four_vertices() -> None:
    matrix = landmark_matrix()

    assert matrix.shape == (971, 478)
    assert np.allclose(matrix.sum(1), 1)
    assert ((matrix != 0).sum(1) <= 4).all()
    groups = [(group.name, group.count) for group in TOPOLOGY.groups.values()]
    assert [(contour.name, contour.count) for contour in CONTOURS] == groups


def test_curves_go_through_their_vertices() -> None:
    vertices = np.random.default_rng(0).normal(size=(478, 2))
    landmarks = landmark_matrix() @ vertices

    for contour in CONTOURS:
        group = landmarks[TOPOLOGY.group(contour.name).indices]
        assert np.allclose(group[0], vertices[contour.vertices[0]])
        if contour.closed is False:
            assert np.allclose(group[-1], vertices[contour.vertices[-1]])
    right_eye = landmarks[TOPOLOGY.group("right_eye").indices]  # 96 landmarks on 16 vertices
    corners = vertices[list(CONTOURS[3].vertices)]
    assert np.allclose(right_eye[::6], corners)
    assert np.allclose(right_eye[9], np.array([-1, 9, 9, -1]) / 16 @ corners[:4])


def test_all_views_of_a_photo_say_the_same() -> None:
    photo = draw_face()

    label = label_photo(photo, DRAWN, largest_spread=0.03)

    assert label.num_views == len(VIEWS) == 4
    assert label.spread < 0.002
    assert np.abs(label.landmarks - place_on_ellipse(photo)).max() < 0.3


def test_views_that_disagree_make_no_label() -> None:
    def place(image: Array) -> Array | None:
        landmarks = place_on_ellipse(image)
        return None if landmarks is None else landmarks + (image.shape[0] > 200) * 10.0

    with pytest.raises(NoLabelError, match=r"disagree by [\d.]+ % of the face"):
        label_photo(draw_face(), Labeler("test", place, TOPOLOGY.mirror), largest_spread=0.03)


def test_a_face_in_too_few_views_makes_no_label() -> None:
    seen: list[Array] = []

    def place(image: Array) -> Array | None:
        seen.append(image)
        return place_on_ellipse(image) if len(seen) == 1 else None

    with pytest.raises(NoLabelError, match="a face in 1 of 4 views"):
        label_photo(draw_face(), Labeler("test", place, TOPOLOGY.mirror), largest_spread=0.03)


@pytest.mark.parametrize("longest_px", [64, 1000])
def test_a_crop_keeps_the_face_and_ends_where_the_photo_does(longest_px: int) -> None:
    photo = draw_face(tilt_deg=0)
    outline = np.array([(60.0, 25.0), (160.0, 25.0), (160.0, 165.0), (60.0, 165.0)])

    crop, moved = crop_face(photo, outline, CropRule(longest_px=longest_px))

    assert max(crop.shape[:2]) == min(longest_px, 222)
    assert crop.shape[0] < crop.shape[1]  # the photo ends above and below the square
    bright = np.argwhere(crop[..., 0] > 120)[:, ::-1]
    assert np.abs(moved.min(0) - bright.min(0)).max() < 1.5
    assert np.abs(moved.max(0) - bright.max(0) - 1).max() < 1.5


def test_a_folder_becomes_a_data_set(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for person in ("ann", "bob"):
        (photos / person).mkdir(parents=True)
    Image.fromarray(draw_face()).save(photos / "ann" / "one.png")
    Image.fromarray(draw_face()).rotate(90, expand=True).save(
        photos / "bob" / "turned.jpg", exif=_turned()
    )
    Image.new("RGB", (80, 80)).save(photos / "bob" / "empty.png")
    (photos / "bob" / "broken.jpg").write_bytes(b"no photo")
    (photos / "notes.txt").write_text("no photo either")

    rules = Rules(folders_are_persons=True)
    assert label_folder(photos, tmp_path / "out", DRAWN, rules) == (2, 4)

    header, *rows = (tmp_path / "out/train/landmarks.csv").read_text().splitlines()
    assert header.split("\t")[:4] == ["file_name", "person", "Point_M0_X", "Point_M0_Y"]
    assert [row.split("\t")[:2] for row in rows] == [["000000.jpg", "ann"], ["000001.jpg", "bob"]]
    upright, turned = (np.array(row.split("\t")[2:], float).reshape(971, 2) for row in rows)
    assert np.abs(upright - turned).max() < 1  # by its EXIF data the second is the first
    with (tmp_path / "out/report.csv").open(newline="") as file:
        report = {row["photo"]: row for row in csv.DictReader(file)}
    assert report["ann/one.png"]["views"] == "4"
    assert report["bob/empty.png"]["dropped"] == "a face in 0 of 4 views"
    assert "is not an image" in report["bob/broken.jpg"]["dropped"]


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned clockwise by a quarter
    return exif


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")

    with pytest.raises(FileExistsError, match="is not empty"):
        label_folder(tmp_path, tmp_path, DRAWN, Rules())
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_network_of_our_own_labels_too(demo_photo: Path) -> None:
    photo = cv2.imread(str(demo_photo))
    (face,) = kilomark.Detector("lite", device="cpu").predict(photo)

    label = label_photo(photo[..., ::-1], open_bundle("lite"), largest_spread=0.03)

    assert label.num_views >= 2
    distance = np.linalg.norm(label.landmarks - face.landmarks, axis=1).mean()
    assert 0 < distance / np.ptp(label.landmarks, axis=0).max() < 0.02


def test_a_network_without_a_mirror_is_refused(tmp_path: Path) -> None:
    bundle = write_landmark_bundle(tmp_path, mirror=None)

    with pytest.raises(InvalidInputError, match="does not say which landmarks are each other's"):
        open_bundle(str(bundle))


@pytest.mark.skipif(find_spec("mediapipe") is not None, reason="mediapipe is installed")
def test_without_mediapipe_it_says_what_to_install(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(root / "tools/label_faces.py"), str(tmp_path)]

    done = subprocess.run(
        [*command, str(tmp_path / "out")], capture_output=True, text=True, timeout=300
    )

    assert done.returncode == 2
    assert "pip install -r tools/requirements-label.txt" in done.stderr


def test_mediapipe_and_the_shipped_network_agree(demo_photo: Path) -> None:
    pytest.importorskip("mediapipe", reason="needs tools/requirements-label.txt")
    from tools.labeling.mediapipe_mesh import open_mediapipe

    photo = cv2.imread(str(demo_photo))
    label = label_photo(photo[..., ::-1], open_mediapipe(), largest_spread=0.03)

    (face,) = kilomark.Detector("resnext50", device="cpu").predict(photo)
    eyes = label.landmarks[[328, 424]]
    distance = np.linalg.norm(face.landmarks - label.landmarks, axis=1).mean()
    assert distance / np.linalg.norm(eyes[1] - eyes[0]) < 0.05
