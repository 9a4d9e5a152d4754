from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

import json
import shutil
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from tests.tiny_bundles import CROP_SIZE, GROUPS, LANDMARKS, write_landmark_bundle
from torch import nn

from kilomark.cli.main import main
from kilomark.detector import Detector
from kilomark.errors import InvalidInputError
from kilomark.manifest import SHIPPED_BUNDLES
from kilomark.networks.landmark_head import LandmarkOutput
from kilomark.topology import LandmarkGroup, Topology
from kilomark.topology_file import read_topology
from kilomark.training.distillation import Lesson, Teacher
from kilomark.training.landmark_losses import landmark_loss

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

FIVE = Topology(
    5, {group["name"]: LandmarkGroup(**group) for group in GROUPS}, np.array([2, 3, 0, 1, 4])
)


@pytest.mark.parametrize("size", [32, 96])
def test_only_faces_that_the_teacher_sees_are_taught(tiny: Path, size: int) -> None:
    teacher = Teacher(tiny, FIVE, weight=0.7, device="cpu")
    images = torch.full((4, size, size, 3), 200, dtype=torch.uint8)
    images[1] = 20  # the tiny network sees presence in brightness
    presence = torch.tensor([1.0, 1.0, 0.0, 1.0])

    lesson = teacher.teach(images, presence)

    assert lesson.weight.tolist() == pytest.approx([0.7, 0, 0, 0.7])
    for row in (0, 3):
        assert np.abs(lesson.landmarks[row].numpy() - LANDMARKS / CROP_SIZE).max() < 1e-5


def test_a_batch_without_faces_is_no_lesson(tiny: Path) -> None:
    teacher = Teacher(tiny, FIVE, device="cpu")

    lesson = teacher.teach(torch.zeros(2, 32, 32, 3, dtype=torch.uint8), torch.zeros(2))

    assert lesson.weight.tolist() == [0, 0]


@pytest.mark.parametrize("views", [1, 2])
def test_the_teacher_says_of_a_crop_what_the_detector_says_of_the_photo(
    demo_photo: Path, views: int
) -> None:
    photo = cv2.imread(str(demo_photo))
    detector = Detector("lite", finder=None, device="cpu", num_threads=1, views=views, eyes=False)
    side, corner = 128, np.array([162, 62])  # a square around the astronaut's face, 1:1
    box = np.array([*(corner + 0.1 * side), *(corner + 0.9 * side)], np.float32)
    (wanted,) = detector.predict(photo, boxes=box)
    topology = Topology(971, {}, detector.topology.mirror)
    crop = np.ascontiguousarray(
        photo[corner[1] : corner[1] + side, corner[0] : corner[0] + side, ::-1]
    )

    lesson = Teacher("lite", topology, device="cpu", views=views).teach(
        torch.from_numpy(crop)[None], torch.ones(1)
    )

    assert wanted.presence > 0.5
    assert lesson.weight.tolist() == [0.5]
    assert np.abs(lesson.landmarks[0].numpy() * side + corner - wanted.landmarks).max() < 0.02


def test_a_student_settles_between_labels_and_teacher(tiny: Path) -> None:
    teacher = Teacher(tiny, FIVE, weight=0.25, device="cpu")
    labels = torch.from_numpy(LANDMARKS / CROP_SIZE).expand(8, 5, 2) + 0.08
    images = torch.full((8, 32, 32, 3), 255, dtype=torch.uint8)
    student = nn.Parameter(torch.full((5, 2), 0.5))
    optimizer = torch.optim.Adam([student], lr=0.02)

    for _ in range(300):
        output = LandmarkOutput(student.expand(8, 5, 2), torch.zeros(8, 5), torch.zeros(8))
        lesson = teacher.teach(images, torch.ones(8))
        loss, _ = landmark_loss(output, labels, torch.ones(8), location="mse", lesson=lesson)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    between = LANDMARKS / CROP_SIZE + 0.75 * 0.08
    assert np.abs(student.detach().numpy() - between).max() < 1e-3


def test_a_lesson_changes_the_location_alone() -> None:
    generator = torch.Generator().manual_seed(0)
    landmarks, target, taught = torch.rand(3, 4, 5, 2, generator=generator)
    output = LandmarkOutput(landmarks, torch.full((4, 5), -2.0), torch.zeros(4))
    presence = torch.tensor([1.0, 1.0, 0.0, 1.0])

    def parts(target: torch.Tensor, weight: float | None = None) -> dict[str, torch.Tensor]:
        lesson = None if weight is None else Lesson(taught, torch.full((4,), weight))
        return landmark_loss(output, target, presence, lesson=lesson)[1]

    labels, teacher = parts(target), parts(taught)
    assert parts(target, 0.0) == labels
    half = parts(target, 0.5)
    assert half["location"].item() == pytest.approx(
        (labels["location"].item() + teacher["location"].item()) / 2, rel=1e-5
    )
    assert half["spread"] == labels["spread"]  # the error against the labels
    assert half["presence"] == labels["presence"]


def test_other_landmarks_are_not_taught(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="places 5 landmarks, and the data set has 971"):
        Teacher(tiny, Topology(971, {}, np.arange(971)))
    turned = write_landmark_bundle(tmp_path, mirror=[0, 1, 2, 3, 4])
    with pytest.raises(InvalidInputError, match="pairs left and right landmarks otherwise"):
        Teacher(turned, FIVE)
    with pytest.raises(InvalidInputError, match=r"--teacher-weight is 1\.5"):
        Teacher(tiny, FIVE, weight=1.5)


@pytest.fixture
def ring_teacher(faces_dir: Path, tmp_path: Path) -> Path:
    """The shipped `lite`, said to place the landmarks of the drawn faces."""
    folder = tmp_path / "teacher"
    shutil.copytree(SHIPPED_BUNDLES / "lite", folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["mirror"] = read_topology(faces_dir / "topology.json").mirror.tolist()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_the_command_trains_with_a_teacher_and_remembers_it(
    faces_dir: Path,
    scenes_dir: Path,
    cache_dir: Path,
    tmp_path: Path,
    ring_teacher: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "run"
    command = [
        "train", "lite", "--teacher", str(ring_teacher),
        "--faces", str(faces_dir), "--scenes", str(scenes_dir), "--cache", str(cache_dir),
        "--stages", "64:8:4", "--threads", "1", "--out", str(out),
    ]  # fmt: skip
    assert main(command) == 0

    recipe = json.loads((out / "run.json").read_text())
    assert recipe["teacher"].startswith("lite ")
    assert recipe["teacher_weight"] == 0.5
    assert main([*command, "--resume", "--teacher-weight", "0.9"]) == 2
    assert "teacher_weight: 0.5, not 0.9" in capsys.readouterr().err
    assert main([*command, "--resume", "--teacher-views", "2"]) == 2
    assert "teacher_views: 1, not 2" in capsys.readouterr().err
    assert main([*command[:1], "faces", *command[2:-1], str(tmp_path / "finder")]) == 2
    assert "expected a landmark network, not a face detector" in capsys.readouterr().err
