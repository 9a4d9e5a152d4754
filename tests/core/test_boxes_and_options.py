"""Given boxes, and options, that the core must refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.core.area_crop import MEAN, STD
from tests.core.messages import refused

from kilomark import DeviceUnavailableError, InvalidInputError, _core

if TYPE_CHECKING:
    from tests.core.conftest import MakeFinder, MakeLandmarks

IMAGE = np.zeros((40, 50, 3), np.uint8)
GOOD = (5, 5, 25, 35)
NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ((NAN, 0, 10, 10), r"box 1 of image 0 = \(nan, 0, 10, 10\); expected finite numbers"),
        ((0, 0, 10, NAN), "expected finite numbers"),
        ((0, 0, INF, 10), "expected finite numbers"),
        ((-INF, 0, 10, 10), "expected finite numbers"),
        ((INF, 0, INF, 10), "expected finite numbers"),
        ((-3e38, 0, 3e38, 10), "expected finite numbers"),
        ((10, 5, 5, 25), "expected x1 > x0, y1 > y0"),
        ((5, 25, 25, 5), "expected x1 > x0, y1 > y0"),
        ((5, 5, 5, 5), "size of at least 1 px"),
        ((5, 5, 5.5, 5.5), "size of at least 1 px"),
        ((50, 0, 60, 10), "a box that touches the image of 50 x 40 px"),
        ((0, 40, 10, 60), "a box that touches the image"),
        ((-20, 0, 0, 10), "a box that touches the image"),
        ((0, -20, 10, 0), "a box that touches the image"),
        ((-1e9, -1e9, 1e9, 1e9), "at most 100 times as long as the image of 50 x 40 px"),
        ((0, 0, 5001, 10), "at most 100 times as long"),
    ],
)
def test_a_box_that_cannot_be_cropped_is_refused(
    core: _core.Detector, box: tuple[float, ...], message: str
) -> None:
    boxes = [np.array([GOOD, box], np.float32)]
    with refused(InvalidInputError, message):
        core.predict([IMAGE], ["bgr"], boxes=boxes)


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        (np.array([GOOD], np.float64), "an array of float64.*C-contiguous float32"),
        (np.array([GOOD], np.int32), "an array of int32"),
        (np.array(GOOD, np.float32), r"shape \(4,\).*2 dimensions"),
        (np.zeros((1, 1, 4), np.float32), r"shape \(1, 1, 4\)"),
        (np.zeros((1, 5), np.float32), r"\(M, 4\)"),
        (np.zeros((4, 1), np.float32), r"\(M, 4\)"),
        (np.zeros((2, 8), np.float32)[:, ::2], "C-contiguous"),
        ([GOOD], "an object of type list"),
        (None, "an object of type NoneType"),
    ],
)
def test_what_are_no_boxes_are_refused(core: _core.Detector, boxes: object, message: str) -> None:
    with refused(InvalidInputError, message):
        core.predict([IMAGE], ["bgr"], boxes=[boxes])


@pytest.mark.parametrize("count", [0, 1, 3])
def test_boxes_for_every_image(core: _core.Detector, count: int) -> None:
    boxes = [np.array([GOOD], np.float32)] * count
    with refused(InvalidInputError, f"boxes for {count} images; expected boxes for 2"):
        core.predict([IMAGE, IMAGE], ["bgr"] * 2, boxes=boxes)


def test_no_box_is_no_face(core: _core.Detector) -> None:
    (none,), _ = core.predict([IMAGE], ["bgr"], boxes=[np.zeros((0, 4), np.float32)])
    assert len(none) == 0


def test_boxes_need_only_touch_the_image_and_may_be_flat(core: _core.Detector) -> None:
    boxes = np.array([(49, 39, 90, 90), (-90, -90, 1, 1), (5, 5, 25, 5)], np.float32)
    (given,), _ = core.predict([IMAGE], ["bgr"], boxes=[boxes])
    assert np.isfinite(given.landmarks).all()
    np.testing.assert_array_equal(given.boxes, boxes)
    assert np.isnan(given.keypoints).all()
    assert (given.scores == 1).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"score_threshold": -0.1}, "score_threshold = -0.1; expected a number from 0 to 1"),
        ({"score_threshold": NAN}, "score_threshold = nan"),
        ({"nms_iou": 1.5}, "nms_iou = 1.5"),
        ({"presence_threshold": INF}, "presence_threshold = inf"),
        ({"max_faces": -1}, r"max_faces = -1; expected 0 \(all\) or more"),
        ({"finder_tiles": -1}, r"finder_tiles = -1; expected 0 \(auto\) or 1 to 8"),
        ({"finder_tiles": 9}, "finder_tiles = 9; expected 0"),
        ({"finder_size": 4097}, r"finder_size = 4097; expected 0 \(auto\) or 1 to 4096"),
    ],
)
def test_options_of_a_call(core: _core.Detector, options: object, message: str) -> None:
    with refused(InvalidInputError, message):
        core.predict([IMAGE], ["bgr"], **options)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"num_threads": -1}, InvalidInputError, "num_threads = -1"),
        ({"max_batch": 0}, InvalidInputError, "max_batch = 0; expected 1 to 1024"),
        ({"max_batch": 1025}, InvalidInputError, "max_batch = 1025"),
        ({"device": "tpu"}, DeviceUnavailableError, 'device "tpu"'),
        ({"device": ""}, DeviceUnavailableError, 'device ""'),
        ({"device": "CPU"}, DeviceUnavailableError, 'device "CPU"'),
    ],
)
def test_options_of_a_detector(
    make_landmarks: MakeLandmarks, options: object, error: object, message: str
) -> None:
    with refused(error, message):
        _core.Detector(make_landmarks(), None, **options)


def test_more_threads_than_cores(make_landmarks: MakeLandmarks) -> None:
    detector = _core.Detector(make_landmarks(), None, num_threads=100_000)
    (given,), _ = detector.predict([IMAGE], ["bgr"], boxes=[np.array([GOOD], np.float32)])
    assert len(given) == 1


def test_without_a_finder(make_landmarks: MakeLandmarks) -> None:
    detector = _core.Detector(make_landmarks(), None, num_threads=1)
    with refused(InvalidInputError, "a detector without a face detector"):
        detector.predict([IMAGE], ["bgr"])
    with refused(InvalidInputError, "a detector without a face detector"):
        detector.infer("finder", np.zeros((1, 3, 64, 64), np.float32))


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (np.zeros((1, 3, 32, 32), np.float64), "float64"),
        (np.zeros((3, 32, 32), np.float32), "4 dimensions"),
        (np.zeros((1, 3, 32, 31), np.float32), r"\(1, 3, 32, 31\); expected \(N, 3, 32, 32\)"),
        (np.zeros((1, 1, 32, 32), np.float32), r"expected \(N, 3, 32, 32\)"),
        (np.zeros((1, 3, 32, 64), np.float32)[..., ::2], "C-contiguous"),
    ],
)
def test_tensors_that_do_not_fit(core: _core.Detector, batch: object, message: str) -> None:
    with refused(InvalidInputError, message):
        core.infer("landmarks", batch)


def test_no_tensors_no_outputs(core: _core.Detector) -> None:
    outputs = core.infer("landmarks", np.zeros((0, 3, 32, 32), np.float32))
    shapes = {name: values.shape for name, values in outputs.items()}
    assert shapes == {"landmarks": (0, 5, 2), "spread": (0, 5), "presence": (0,)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"center": (NAN, 0)}, "finite numbers"),
        ({"center": (0, 1e8)}, "the center within"),
        ({"side": INF}, "finite numbers"),
        ({"side": 0.0}, "0 px wide"),
        ({"side": -5.0}, "-5 px wide"),
        ({"side": 1e9}, "px wide"),
        ({"angle_deg": NAN}, "finite numbers"),
        ({"channel_order": "gbr"}, "channel order"),
    ],
)
def test_crops_that_cannot_be(change: object, message: str) -> None:
    good = {"center": (10, 10), "side": 20.0, "size": (8, 8), "mean": MEAN, "std": STD}
    with refused(InvalidInputError, message):
        _core.crop(IMAGE, "bgr", **(good | change))


def test_found_face_of_many_options(make_landmarks: MakeLandmarks, make_finder: MakeFinder) -> None:
    """Thresholds of 0 keep every cell that stands for itself, and none is an error."""
    detector = _core.Detector(make_landmarks(), make_finder(), num_threads=1)
    options = {"score_threshold": 0.0, "presence_threshold": 0.0, "nms_iou": 1.0}
    (every,), _ = detector.predict([IMAGE], ["bgr"], **options)
    (one,), _ = detector.predict([IMAGE], ["bgr"], max_faces=1, **options)
    assert len(every) > len(one) == 1
