"""Pictures of faces: what `draw` takes and gives, and where it draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from tests.tiny_bundles import landmarks_in, write_landmark_bundle

from kilomark import Face, InvalidInputError, draw, show
from kilomark.drawing import Contours, Points, group_colors, group_mask, parse_style, to_rgb
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


@pytest.mark.parametrize("shape", [(80, 100, 3), (80, 100), (80, 100, 4)])
def test_an_array_is_drawn_on_in_place(tiny: Path, shape: tuple[int, ...]) -> None:
    image = np.full(shape, 90, np.uint8)
    assert draw(image, [make_face(tiny)], in_place=True) is image
    assert (image != 90).any()


def test_what_cannot_be_drawn_on_in_place_is_refused(tiny: Path) -> None:
    image = np.zeros((80, 100, 3), np.uint8)
    fixed = image.copy()
    fixed.flags.writeable = False
    for target in (image[..., ::-1], image[:, ::2], fixed, image.astype(np.float32)):
        with pytest.raises(InvalidInputError, match="cannot draw in place"):
            draw(target, [make_face(tiny)], in_place=True)
    with pytest.raises(InvalidInputError, match="expected an array"):
        draw(Image.fromarray(image), [make_face(tiny)], in_place=True)


def test_rgb_and_bgr_differ_in_their_channels_only(tiny: Path) -> None:
    image, face = np.zeros((80, 100, 3), np.uint8), make_face(tiny)
    bgr, rgb = draw(image, [face]), draw(image, [face], rgb=True)
    np.testing.assert_array_equal(bgr[..., ::-1], rgb)
    np.testing.assert_array_equal(rgb, np.asarray(draw(Image.fromarray(image), [face])))


def test_path_and_pil_image_give_a_pil_image(tiny: Path, tmp_path: Path) -> None:
    photo = Image.new("RGBA", (100, 80), "gray")
    photo.save(tmp_path / "photo.png")
    drawn = [draw(image, [make_face(tiny)]) for image in (photo, tmp_path / "photo.png")]
    assert [(image.mode, image.size) for image in drawn] == [("RGB", (100, 80))] * 2
    assert drawn[0].tobytes() == drawn[1].tobytes()


def test_landmark_is_drawn_where_it_is(tiny: Path) -> None:
    face = make_face(tiny)
    drawn = draw(np.zeros((80, 100, 3), np.uint8), [face], style="points")
    for x, y in face.landmarks:
        assert drawn[int(y), int(x)].any()
    weight = drawn.sum(axis=2)
    weight[: int(face.landmarks[4, 1]) - 3] = 0
    rows, columns = np.indices(weight.shape) + 0.5
    nose = [(columns * weight).sum() / weight.sum(), (rows * weight).sum() / weight.sum()]
    assert nose == pytest.approx(face.landmarks[4], abs=0.1)


def test_a_mirrored_picture_is_the_flipped_one(tiny: Path) -> None:
    image = np.zeros((80, 100, 3), np.uint8)
    image[:, :30] = 50
    face = make_face(tiny, (20, 20, 60, 60))
    flipped = draw(image, [face], style="contours", mirror=True)[:, ::-1]
    difference = flipped.astype(int) - draw(image, [face], style="contours")
    assert np.abs(difference).max() <= 1
    labeled = [draw(image * 0, [face], style=(), labels=["F"], mirror=m) for m in (False, True)]
    left, right = (np.flatnonzero(picture.any(axis=(0, 2))) for picture in labeled)
    assert (left[0], right[0]) == (20, 40)
    assert len(left) == len(right)  # the text itself is not flipped
    np.testing.assert_array_equal(labeled[0][:, left], labeled[1][:, right])


@pytest.mark.parametrize(
    "box", [(-30, -30, 20, 20), (200, 200, 260, 260), (-1e6, -1e6, 1e6, 1e6), (5, 5, 5.5, 5.5)]
)
@pytest.mark.parametrize("size", [(1, 1), (80, 100)])
def test_face_of_any_place_and_size(tiny: Path, box: object, size: tuple[int, int]) -> None:
    image = np.zeros((*size, 3), np.uint8)
    style = "masks+contours+points+irises+axes+boxes+ids+measures+spread"
    drawn = draw(image, [make_face(tiny, box)], style=style, labels=["1"])
    assert drawn.shape == image.shape


def test_landmarks_that_are_not_finite_are_left_out(tiny: Path) -> None:
    face = make_face(tiny)
    face.landmarks[0] = np.nan
    style = "masks+contours+points+irises+axes+measures+spread"
    assert not draw(np.zeros((80, 100, 3), np.uint8), [face], style=style).any()


def test_labels_are_one_per_face(tiny: Path) -> None:
    image, faces = np.zeros((80, 100, 3), np.uint8), [make_face(tiny)]
    assert (draw(image, faces, labels=["A"]) != draw(image, faces)).any()
    with pytest.raises(InvalidInputError, match="2 labels for 1 faces"):
        draw(image, faces, labels=["A", "B"])


def test_styles_are_names_and_layers(tiny: Path) -> None:
    assert parse_style("contours+points") == [Contours(), Points()]
    assert parse_style(("contours", Points(size=2))) == [Contours(), Points(size=2)]
    assert parse_style(()) == []
    with pytest.raises(InvalidInputError, match=r"no drawing style 'dots'.*contours, points"):
        draw(np.zeros((8, 8, 3), np.uint8), [make_face(tiny)], style="dots")


def test_a_layer_may_draw_some_groups_in_a_color(tiny: Path) -> None:
    face = make_face(tiny)
    style = Contours(groups=("nose",), color=(255, 0, 0), width=4)
    drawn = draw(np.zeros((80, 100, 3), np.uint8), [face], style=style, rgb=True)
    x, y = face.group("nose")[0].astype(int)
    assert drawn[y, x].tolist() == [255, 0, 0]
    assert not drawn[:30].any()


def test_network_without_groups_is_drawn_as_dots(tmp_path: Path) -> None:
    face = make_face(write_landmark_bundle(tmp_path, groups=[]))
    assert draw(np.zeros((80, 100, 3), np.uint8), [face], style="contours").any()


def test_two_sides_of_a_face_share_a_color(tiny: Path) -> None:
    colors = group_colors(read_landmark_bundle(tiny).topology)
    assert colors["left_eye"] == colors["right_eye"] != colors["nose"]


@pytest.mark.parametrize("channels", [3, 4])
def test_rgb_from_bgr(channels: int) -> None:
    image = np.arange(2 * 3 * channels, dtype=np.uint8).reshape(2, 3, channels)
    np.testing.assert_array_equal(np.asarray(to_rgb(image)), image[..., 2::-1])


def test_an_open_group_has_no_mask(tiny: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"open curve without an area|no landmark group"):
        group_mask(make_face(tiny), "nose", (100, 80))


def test_a_shown_picture_is_a_png_of_bounded_size(tiny: Path) -> None:
    shown = show(np.zeros((80, 100, 3), np.uint8), [make_face(tiny)], longest_px=50)
    assert shown.image.size == (50, 40)
    assert shown._repr_png_().startswith(b"\x89PNG")
