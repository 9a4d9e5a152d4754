"""Labeling hard faces with a bundle whose answers are known, and with a shipped one."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from tests.drawn_eyes import write_eye_crops
from tests.tiny_bundles import LANDMARKS, landmarks_in, write_landmark_bundle
from tools.labeling.agreement import Agreement, AgreementRule, FaceLabeler, why_dropped
from tools.labeling.boxed_photos import read_boxed_photos, read_boxes
from tools.labeling.face_crop_set import FaceCropSet

from kilomark.data.face_crops import read_face_crops
from kilomark.data.geometry import box_of
from kilomark.data.landmark_samples import LandmarkSamples
from kilomark.errors import InvalidInputError
from kilomark.manifest import read_landmark_bundle
from kilomark.topology import Topology

if TYPE_CHECKING:
    from pathlib import Path

BOX = np.array([60.0, 60.0, 160.0, 160.0])
TOPOLOGY = read_landmark_bundle("lite").topology


def test_looks_are_brought_back_to_the_photo(tmp_path: Path) -> None:
    """The tiny network answers the same in each crop, so looks differ by how they show the box."""
    labeler = FaceLabeler(str(write_landmark_bundle(tmp_path / "tiny")), num_threads=1)
    image = np.full((220, 220, 3), 128, np.uint8)

    first = labeler._agree(image, BOX, [look for look in _looks() if look.scale == 1])
    labeled = landmarks_in(BOX)
    mirrored = (labeled * [-1, 1] + [220, 0])[labeler.mirror]

    np.testing.assert_allclose(first.landmarks, (labeled + mirrored) / 2, atol=0.05)
    apart = np.linalg.norm(labeled - mirrored, axis=1).mean() / 2
    side = np.sqrt(np.ptp(first.landmarks, axis=0).prod())
    assert first.percent == pytest.approx(100 * apart / side, rel=0.01)


def _looks() -> tuple:
    from tools.labeling.agreement import FIRST_LOOKS

    return FIRST_LOOKS


def test_a_frontal_face_is_labeled_as_it_is_placed(demo_photo: Path) -> None:
    image = np.array(Image.open(demo_photo).convert("RGB"))
    labeler = FaceLabeler("lite", num_threads=1)
    (face,) = labeler.detector.predict(image[..., ::-1].copy(), boxes=_demo_box())

    found = labeler.label(image, _demo_box())

    apart = np.linalg.norm(found.landmarks - face.landmarks, axis=1).mean()
    assert apart / np.ptp(found.landmarks, axis=0).max() < 0.02
    assert found.percent < 1.5
    assert why_dropped(found, _demo_box(), AgreementRule()) == ""


def _demo_box() -> np.ndarray:
    return np.array([165.0, 72.0, 282.0, 198.0], np.float32)


@pytest.mark.parametrize(
    ("percent", "presence", "shift", "wanted"),
    [
        (1.0, 0.9, 0, ""),
        (2.5, 0.9, 0, "looks disagree by 2.5 %"),
        (float("nan"), 0.9, 0, "looks disagree by nan %"),
        (1.0, 0.2, 0, "presence 0.20"),
        (1.0, 0.9, 50, "the landmarks leave the box: moved by 0.50"),
    ],
)
def test_faces_are_dropped_for_a_reason(
    percent: float, presence: float, shift: float, wanted: str
) -> None:
    corners = BOX.reshape(2, 2) + shift
    found = Agreement(corners, percent, presence, 0.0)

    assert why_dropped(found, BOX, AgreementRule()).startswith(wanted)
    assert bool(why_dropped(found, BOX, AgreementRule())) == bool(wanted)


def test_the_weight_falls_with_the_disagreement() -> None:
    rule = AgreementRule(largest_percent=2.0)

    assert [rule.weight(percent) for percent in (0, 1, 2)] == pytest.approx([1, 0.5, 0.2])


def test_photos_come_from_folders_and_archives(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    bordered = np.zeros((80, 80, 3), np.uint8)
    bordered[10:60, 20:80] = 200
    Image.fromarray(bordered).save(photos / "bordered.png")
    (photos / "broken.jpg").write_bytes(b"no photo")
    Image.new("RGB", (80, 80)).save(photos / "black.png")
    with tarfile.open(tmp_path / "photos.tar", "w") as tar:
        tar.add(photos, "photos")

    for source in (photos, tmp_path / "photos.tar"):
        black, first, broken = read_boxed_photos(source, None, 0.5)
        assert first.image is not None
        assert first.image.shape == (50, 60, 3)
        np.testing.assert_array_equal(first.box, [0, 10, 40, 50])
        assert "is not an image" in broken.problem
        assert "is black" in black.problem


def test_boxes_are_read_from_a_table(tmp_path: Path) -> None:
    table, photos = tmp_path / "boxes.csv", tmp_path / "photos"
    photos.mkdir()
    for name in ("a.png", "b.png"):
        Image.new("RGB", (80, 80), (200, 200, 200)).save(photos / name)
    table.write_text("file_name,x0,y0,x1,y1\na.png,1,2,30,40\na.png,40,2,70,40\n")

    found = list(read_boxed_photos(photos, read_boxes(table), 0.5))

    assert [one.box.tolist() for one in found] == [[1, 2, 30, 40], [40, 2, 70, 40]]
    for text in ("file_name,x0,y0\na.png,1,2\n", "file_name,x0,y0,x1,y1\na.png,5,5,5,nan\n"):
        table.write_text(text)
        with pytest.raises(InvalidInputError, match="expected a header file_name,x0,y0,x1,y1"):
            read_boxes(table)
    with pytest.raises(InvalidInputError, match="share is 3; expected a number above 0"):
        list(read_boxed_photos(photos, None, 3))
    with pytest.raises(InvalidInputError, match="is not a whole tar archive"):
        list(read_boxed_photos(table, None, 0.5))
    with pytest.raises(InvalidInputError, match=r"no photo .* with a box"):
        list(read_boxed_photos(photos, {}, 0.5))


def test_labels_join_a_data_set_with_their_weights(tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    write_eye_crops(base, num_train=4, num_val=2)
    labels = dict(np.load(base / "labels.npz"))
    labels["depth"] = np.zeros((6, 478), np.int16)
    np.savez(base / "labels.npz", **labels)
    image = np.full((200, 200, 3), 90, np.uint8)
    own = read_face_crops(base, "val", tmp_path / "cache").landmarks[0]

    joined = FaceCropSet(tmp_path / "joined", base, TOPOLOGY)
    joined.add(image, own.astype(np.float64), 0.4, 62.0)
    assert joined.write() < 0.01

    train = read_face_crops(tmp_path / "joined", "train", tmp_path / "cache")
    assert len(train) == 5
    assert train.weight is not None
    np.testing.assert_allclose(train.weight, [1, 1, 1, 1, 0.4])
    assert train.pose[4, 0] == 62
    assert len(set(train.person.tolist())) == 5
    expected = (own - box_of(own).reshape(2, 2).mean(0)) + train.image(4).shape[0] / 2
    np.testing.assert_allclose(train.landmarks[4], expected, atol=0.6)
    stored = np.load(tmp_path / "joined" / "labels.npz")
    assert stored["depth_known"].tolist() == [True] * 6 + [False]
    samples = LandmarkSamples(train, None, None, 64, 0, negative_share=0, weights=train.weight)
    weights = {round(float(samples[index][4][0]), 2) for index in range(5)}
    assert weights == {1.0, 0.4}
    with pytest.raises(FileExistsError, match="is not empty"):
        FaceCropSet(tmp_path / "joined", base, TOPOLOGY)
    with pytest.raises(InvalidInputError, match="has 971 landmarks and the bundle 5"):
        FaceCropSet(tmp_path / "other", base, Topology(5, {}))


def test_the_command_reports_what_it_kept(demo_photo: Path, root: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.open(demo_photo).convert("RGB").save(photos / "face.png")
    (photos / "broken.jpg").write_bytes(b"no photo")
    (tmp_path / "boxes.csv").write_text(
        "file_name,x0,y0,x1,y1\nface.png,165,72,282,198\nface.png,330,300,450,420\n"
        "broken.jpg,0,0,9,9\n"
    )
    command = [
        sys.executable, str(root / "tools/label_hard_faces.py"), str(photos),
        "--labeler", "lite", "--threads", "1", "--boxes", str(tmp_path / "boxes.csv"),
    ]  # fmt: skip

    done = subprocess.run(
        [*command, str(tmp_path / "out")], capture_output=True, text=True, timeout=300
    )

    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary == json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (summary["faces"], summary["kept"], summary["kept_percent"]) == (3, 1, 33.3)
    with (tmp_path / "out" / "report.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [bool(row["name"]) for row in rows] == [False, True, False]
    assert float(rows[1]["weight"]) > 0.3
    again = subprocess.run(
        [*command, str(tmp_path / "out")], capture_output=True, text=True, timeout=300
    )
    assert again.returncode == 2
    assert "is not empty" in again.stderr


def test_a_network_without_a_mirror_is_refused(tmp_path: Path) -> None:
    bundle = write_landmark_bundle(tmp_path, landmarks=LANDMARKS, mirror=None)

    with pytest.raises(InvalidInputError, match="does not say which landmarks are each other's"):
        FaceLabeler(str(bundle))


def test_vertices_that_no_landmark_needs_stay_in_the_face() -> None:
    from tools.labeling.face_crop_set import _vertices_of
    from tools.labeling.mesh_contours import landmark_matrix

    matrix = landmark_matrix()
    rng = np.random.default_rng(0)
    landmarks = matrix @ rng.uniform(20, 160, (1, 478, 2))

    vertices = _vertices_of(landmarks, matrix)

    np.testing.assert_allclose(matrix @ vertices, landmarks, atol=0.01)
    assert np.abs(vertices).max() < 400
