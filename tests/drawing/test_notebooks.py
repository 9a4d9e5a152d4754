"""Crops, cards and plots: what a person looks at in a notebook."""

from __future__ import annotations

import io
import sys

import cv2
import numpy as np
import pytest
from PIL import Image

from kilomark import Detector, Face, InvalidInputError
from kilomark.cli.predict import DEMO_PHOTO
from kilomark.drawing.plots import plot_landmarks
from kilomark.errors import DependencyError


@pytest.fixture(scope="module")
def face() -> Face:
    topology = Detector("lite", finder=None).topology
    assert topology.mean_shape is not None
    landmarks = (topology.mean_shape[:, :2] * 60 + [160, 120]).astype(np.float32)
    box = np.concatenate([landmarks.min(0), landmarks.max(0)])
    return Face(landmarks, np.ones(len(landmarks), np.float32), box, 1.0, 1.0, topology)


def turned(face: Face, matrix: np.ndarray) -> Face:
    points = face.landmarks @ matrix[:, :2].T + matrix[:, 2]
    return Face(points.astype(np.float32), face.spread, face.box, 1.0, 1.0, face.topology)


@pytest.mark.parametrize("angle_deg", [0, 35, -120])
def test_an_aligned_face_is_upright_wherever_it_was(face: Face, angle_deg: float) -> None:
    photo = cv2.resize(cv2.imread(str(DEMO_PHOTO)), (320, 240))
    photo = cv2.GaussianBlur(photo, (0, 0), 3)
    upright = face.aligned(photo, 96, margin=0)
    matrix = cv2.getRotationMatrix2D((160 - 0.5, 120 - 0.5), angle_deg, 1)
    moved = matrix.copy()
    moved[:, 2] += 0.5 - matrix[:, :2] @ [0.5, 0.5]  # to pixel i covers [i, i + 1)
    image = cv2.warpAffine(photo, matrix, (320, 240), flags=cv2.INTER_CUBIC)
    aligned = turned(face, moved).aligned(image, 96, margin=0)
    assert (aligned.shape, aligned.dtype) == ((96, 96, 3), np.uint8)
    assert np.abs(aligned.astype(int) - upright).mean() < 1.5


def test_an_aligned_face_fills_the_crop_but_for_the_margin(face: Face) -> None:
    low, high = face.landmarks.min(axis=0), face.landmarks.max(axis=0)
    image = np.zeros((240, 320, 3), np.uint8)
    image[int(low[1]) : int(high[1]), int(low[0]) : int(high[0])] = 255
    rows = np.flatnonzero(face.aligned(image, 150, margin=0.25)[:, 75, 1] > 127)
    assert rows[0] == pytest.approx(25, abs=2)
    assert rows[-1] == pytest.approx(125, abs=2)


def test_arguments_of_a_crop_are_checked(face: Face) -> None:
    image = np.zeros((240, 320, 3), np.uint8)
    with pytest.raises(InvalidInputError, match="size_px"):
        face.aligned(image, 0)
    with pytest.raises(InvalidInputError, match="margin"):
        face.aligned(image, 10, margin=float("nan"))
    broken = turned(face, np.full((2, 3), np.nan))
    with pytest.raises(InvalidInputError, match="not finite"):
        broken.aligned(image)


def test_a_face_is_a_picture_in_a_notebook(face: Face) -> None:
    card = np.asarray(Image.open(io.BytesIO(face._repr_png_())))
    assert card.shape == (360, 360, 3)
    assert (card[180, 20:340].max(axis=1) > 100).any()
    assert turned(face, np.full((2, 3), np.nan))._repr_png_().startswith(b"\x89PNG")


def test_a_plot_has_a_dot_for_each_landmark(face: Face) -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="needs matplotlib")
    pyplot.switch_backend("agg")
    axes = plot_landmarks([face, face], np.zeros((240, 320, 3), np.uint8), indices_every=100)
    assert [len(dots.get_offsets()) for dots in axes.collections] == [971, 971]
    assert len(axes.texts) == 20
    assert axes.yaxis_inverted()
    pyplot.close(axes.figure)


def test_a_plot_without_matplotlib_says_what_to_install(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(DependencyError, match="pip install matplotlib"):
        plot_landmarks([face])
