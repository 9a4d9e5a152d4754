from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from tests.tiny_bundles import landmarks_in, write_landmark_bundle

from kilomark import Face, InvalidInputError, draw
from kilomark.drawing import group_colors, to_rgb
from kilomark.manifest import read_landmark_bundle

if TYPE_CHECKING:
    from pathlib import Path


def make_face(bundle: Path, box: tuple[float, float, float, float] = (30, 20, 70, 60)) -> Face:
    landmarks = landmarks_in(box).astype(np.float32)
    spread = np.ones(len(landmarks), np.float32)
    topology = read_landmark_bundle(bundle).topology
    return Face(landmarks, spread, np.array(box, np.float32), 1.0, 1.0, topology)


@pytest.mark.parametrize("shape", [(80, 100, 3), (80, 100), (80, 100, 1), (80, 100, 4)])
def test_array_gives_a_new_bgr_array(tiny: Path, shape: tuple[int, ...]) -> None:
    image = np.full(shape, 90, np.uint8)
    drawn = draw(image, [make_face(tiny)])
    assert (drawn.shape, drawn.dtype) == ((80, 100, 3), np.uint8)
    assert (image == 90).all()
    assert (drawn != 90).any()
    assert (drawn[:10] == 90).all()


def test_path_and_pil_image_give_a_pil_image(tiny: Path, tmp_path: Path) -> None:
    photo = Image.new("RGBA", (100, 80), "gray")
    photo.save(tmp_path / "photo.png")
    drawn = [draw(image, [make_face(tiny)]) for image in (photo, tmp_path / "photo.png")]
    assert [(image.mode, image.size) for image in drawn] == [("RGB", (100, 80))] * 2
    assert drawn[0].tobytes() == drawn[1].tobytes()


def test_each_layer_can_be_left_out(tiny: Path) -> None:
    image, face = np.zeros((80, 100, 3), np.uint8), make_face(tiny)
    assert not draw(image, [face], curves=False, boxes=False).any()
    assert not draw(image, []).any()
    layers = [{"curves": True}, {"landmarks": True}, {"boxes": True}]
    none = {"curves": False, "landmarks": False, "boxes": False}
    drawn = [draw(image, [face], **(none | layer)).any(axis=2).sum() for layer in layers]
    assert all(drawn)


def test_landmark_is_drawn_where_it_is(tiny: Path) -> None:
    face = make_face(tiny)
    drawn = draw(
        np.zeros((80, 100, 3), np.uint8), [face], curves=False, landmarks=True, boxes=False
    )
    for x, y in face.landmarks:
        assert drawn[int(y), int(x)].any()
    weight = drawn.sum(axis=2)
    weight[: int(face.landmarks[4, 1]) - 3] = 0
    rows, columns = np.indices(weight.shape) + 0.5
    nose = [(columns * weight).sum() / weight.sum(), (rows * weight).sum() / weight.sum()]
    assert nose == pytest.approx(face.landmarks[4], abs=0.3)


@pytest.mark.parametrize(
    "box", [(-30, -30, 20, 20), (200, 200, 260, 260), (-1e6, -1e6, 1e6, 1e6), (5, 5, 5.5, 5.5)]
)
@pytest.mark.parametrize("size", [(1, 1), (80, 100)])
def test_face_of_any_place_and_size(tiny: Path, box: object, size: tuple[int, int]) -> None:
    image = np.zeros((*size, 3), np.uint8)
    drawn = draw(image, [make_face(tiny, box)], landmarks=True, labels=["1"])
    assert drawn.shape == image.shape


def test_landmarks_that_are_not_finite_are_left_out(tiny: Path) -> None:
    face = make_face(tiny)
    face.landmarks[0] = np.nan
    assert not draw(np.zeros((80, 100, 3), np.uint8), [face], boxes=False).any()


def test_labels_are_one_per_face(tiny: Path) -> None:
    image, faces = np.zeros((80, 100, 3), np.uint8), [make_face(tiny)]
    assert (draw(image, faces, labels=["A"]) != draw(image, faces)).any()
    with pytest.raises(InvalidInputError, match="2 labels for 1 faces"):
        draw(image, faces, labels=["A", "B"])


def test_network_without_groups_is_drawn_as_dots(tmp_path: Path) -> None:
    face = make_face(write_landmark_bundle(tmp_path, groups=[]))
    assert draw(np.zeros((80, 100, 3), np.uint8), [face], boxes=False).any()


def test_two_sides_of_a_face_share_a_color(tiny: Path) -> None:
    colors = group_colors(read_landmark_bundle(tiny).topology)
    assert colors["left_eye"] == colors["right_eye"] != colors["nose"]


@pytest.mark.parametrize("channels", [3, 4])
def test_rgb_from_bgr(channels: int) -> None:
    image = np.arange(2 * 3 * channels, dtype=np.uint8).reshape(2, 3, channels)
    np.testing.assert_array_equal(np.asarray(to_rgb(image)), image[..., 2::-1])
