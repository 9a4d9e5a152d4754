"""Images that the core must refuse, and odd ones that it must take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.core.area_crop import Square, core_crop
from tests.core.messages import refused
from tests.tiny_bundles import bright_cells

from kilomark import InvalidInputError, _core

if TYPE_CHECKING:
    from tests.core.conftest import MakeFinder, MakeLandmarks

IMAGE = np.zeros((40, 50, 3), np.uint8)
WHOLE = np.array([[0, 0, 50, 40]], np.float32)
LAYOUT = "uint8.*the pixels of a row side by side"


@pytest.mark.parametrize(
    ("image", "image_format", "message"),
    [
        (IMAGE.astype(np.float32), "bgr", f"float32, shape .* expected {LAYOUT}"),
        (IMAGE.astype(np.int8), "bgr", "int8"),
        (IMAGE.astype(np.uint16), "bgr", "uint16"),
        (IMAGE > 0, "bgr", "bool"),
        (IMAGE.astype(object), "bgr", "object"),
        (np.uint8(0), "gray", "type uint8"),
        (np.array(0, np.uint8), "gray", r"shape \(\)"),
        (IMAGE[0, 0], "gray", r"shape \(3,\)"),
        (IMAGE[None], "bgr", r"shape \(1, 40, 50, 3\)"),
        (IMAGE[..., 0], "bgr", r"shape \(40, 50\)"),
        (IMAGE, "gray", r"format \"gray\"; expected uint8, \(height, width\)"),
        (IMAGE, "rgba", r"format \"rgba\"; expected uint8, \(height, width, 4\)"),
        (IMAGE[..., :2], "bgr", r"shape \(40, 50, 2\)"),
        (IMAGE[..., ::-1], "bgr", r"strides \(150, 3, -1\)"),
        (IMAGE[:, ::-1], "bgr", r"strides \(150, -3, 1\)"),
        (IMAGE[:, ::2], "bgr", r"strides \(150, 6, 1\)"),
        (IMAGE.transpose(1, 0, 2), "bgr", r"strides \(3, 150, 1\)"),
        (IMAGE[..., 0], "gray", r"strides \(150, 3\)"),
        (IMAGE[::-1], "bgr", "rows -150 bytes apart; expected at least 150"),
        (np.broadcast_to(IMAGE[:1], IMAGE.shape), "bgr", "rows 0 bytes apart"),
        (IMAGE[:0], "bgr", "50 x 0 px"),
        (IMAGE[:, :0], "bgr", "0 x 40 px"),
        (np.zeros((0, 0), np.uint8), "gray", "0 x 0 px"),
        (np.zeros((1, 65_536), np.uint8), "gray", "expected at most 65535 px each way"),
        (None, "bgr", "an object of type NoneType"),
        (IMAGE.tolist(), "bgr", "an object of type list"),
        (b"\xff\xd8", "bgr", "an object of type bytes"),
        (IMAGE, "hsv", 'format "hsv"; expected gray, bgr, rgb, bgra, rgba, nv12 or nv12_bt709'),
        (IMAGE, "", 'format ""'),
    ],
)
def test_what_is_no_image_is_refused(
    core: _core.Detector, image: object, image_format: str, message: str
) -> None:
    for boxes in (None, [WHOLE, WHOLE]):
        with refused(InvalidInputError, message):
            core.predict([IMAGE, image], ["bgr", image_format], boxes=boxes)
    if isinstance(image, np.ndarray):  # pybind11 itself refuses what is not an array
        with refused(InvalidInputError, message):
            core_crop(image, image_format, Square((20, 20), 10))


def test_the_message_names_the_image(core: _core.Detector) -> None:
    with refused(InvalidInputError, "image 2 as an array of float32"):
        core.predict([IMAGE, IMAGE, IMAGE.astype(np.float32)], ["bgr"] * 3)
    with refused(InvalidInputError, "image 1 of 50 x 0 px"):
        core.predict([IMAGE, IMAGE[:0]], ["bgr"] * 2)


@pytest.mark.parametrize("formats", [[], ["bgr"] * 2])
def test_one_format_per_image(core: _core.Detector, formats: list[str]) -> None:
    with refused(InvalidInputError, f"{len(formats)} formats; expected 1, one per image"):
        core.predict([IMAGE], formats)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 20_000, 3), (20_000, 1, 3), (1, 65_535, 3)])
@pytest.mark.parametrize("level", [0, 255])
def test_odd_sizes_are_taken(core: _core.Detector, shape: tuple[int, ...], level: int) -> None:
    image = np.full(shape, level, np.uint8)
    (found,), _ = core.predict([image], ["bgr"])
    assert np.isfinite(found.landmarks).all()
    whole = np.array([[0, 0, shape[1], shape[0]]], np.float32)
    (given,), _ = core.predict([image], ["bgr"], boxes=[whole])
    assert given.landmarks.shape == (1, 5, 2)
    assert np.isfinite(given.landmarks).all()


def test_images_without_a_face_and_no_images(core: _core.Detector) -> None:
    (none,), times = core.predict([IMAGE], ["bgr"])
    assert len(none) == 0
    assert none.boxes.shape == (0, 4)
    assert none.keypoints.shape == (0, 5, 2)
    assert none.landmarks.shape == (0, 5, 2)
    assert none.spread.shape == (0, 5)
    assert none.scores.shape == none.presence.shape == (0,)
    assert times.total_ms > 0
    assert core.predict([], [])[0] == core.predict([], [], boxes=[])[0] == []


def test_a_refused_call_leaves_the_detector_usable(core: _core.Detector) -> None:
    image = bright_cells((3, 4))
    (before,), _ = core.predict([image], ["bgr"])
    with refused(InvalidInputError, "rows 0"):
        core.predict([image, np.broadcast_to(image[:1], image.shape)], ["bgr"] * 2)
    (after,), _ = core.predict([image], ["bgr"])
    np.testing.assert_array_equal(before.landmarks, after.landmarks)


class MadeOnDemand(Sequence[np.ndarray]):
    """Makes an array for whoever asks, and keeps none of them."""

    def __init__(self, array: np.ndarray, count: int) -> None:
        self.array, self.count = array, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: object) -> np.ndarray:
        if not 0 <= index < self.count:
            raise IndexError(index)
        return self.array.copy()


def test_arrays_that_nobody_else_keeps(core: _core.Detector) -> None:
    """40 MB each: memory of that size goes back to the system as soon as it is freed."""
    large = bright_cells((3, 4)).repeat(57, axis=0).repeat(57, axis=1)
    (kept,), _ = core.predict([large], ["bgr"])
    (found, same), _ = core.predict(MadeOnDemand(large, 2), ["bgr"] * 2)
    np.testing.assert_array_equal(found.landmarks, kept.landmarks)
    np.testing.assert_array_equal(same.landmarks, kept.landmarks)
    boxes = MadeOnDemand(kept.boxes, 2)
    (given, _), _ = core.predict(MadeOnDemand(large, 2), ["bgr"] * 2, boxes=boxes)
    np.testing.assert_array_equal(given.boxes, kept.boxes)


def test_results_outlive_the_detector_and_the_image(
    make_landmarks: MakeLandmarks, make_finder: MakeFinder
) -> None:
    image = bright_cells((3, 4))
    (found,), _ = _core.Detector(make_landmarks(), make_finder()).predict([image], ["bgr"])
    landmarks, before = found.landmarks, found.landmarks.copy()
    image[:] = 0
    del found, image
    np.testing.assert_array_equal(landmarks, before)
