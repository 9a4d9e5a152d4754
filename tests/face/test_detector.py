from __future__ import annotations

import hashlib
import json
import logging
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.tiny_bundles import (
    CROP_SCALE,
    CROP_SIZE,
    FINDER_SIZE,
    box_of_cell,
    bright_cells,
    landmarks_in,
    write_landmark_bundle,
)

from kilomark import Detector, DeviceUnavailableError, Face, InvalidInputError, KilomarkError

BOX = [10.0, 20.0, 50.0, 52.0]
PER_CROP_PX = CROP_SCALE * 40 / CROP_SIZE
"""Image pixels per pixel of the crop of BOX."""


def test_face_is_found_where_it_is(detector: Detector) -> None:
    (face,) = detector.predict(bright_cells((3, 4)))
    assert isinstance(face, Face)
    assert face.box == pytest.approx(box_of_cell(3, 4), abs=1e-3)
    assert face.score == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(face.landmarks, landmarks_in(face.box), atol=1e-2)
    assert face.landmarks.dtype == face.box.dtype == face.spread.dtype == np.float32


def test_larger_image_is_letterboxed(tiny: Path, tiny_faces: Path) -> None:
    image = np.kron(bright_cells((3, 4))[:48], np.ones((2, 2, 1), np.uint8))
    detector = Detector(tiny, finder=tiny_faces, presence_threshold=0, finder_size=64)
    (face,) = detector.predict(image)
    assert face.box == pytest.approx(np.multiply(2, box_of_cell(3, 4)), abs=1e-2)


def test_faces_come_in_order_of_score(detector: Detector) -> None:
    image = bright_cells((1, 1), (6, 6))
    image[image > 0] = 255
    image[8:16, 8:16] = 200
    faces = detector.predict(image)
    assert [round(face.score, 2) for face in faces] == [1.0, 0.78]
    assert faces[0].box == pytest.approx(box_of_cell(6, 6), abs=1e-3)


def test_no_face_is_an_empty_list(detector: Detector) -> None:
    assert detector.predict(np.zeros((64, 64, 3), np.uint8)) == []
    assert detector.predict([np.zeros((64, 64), np.uint8)]) == [[]]
    assert detector.predict([]) == []


def test_given_boxes_give_one_face_each_in_order(detector: Detector) -> None:
    boxes = np.array([BOX, [0, 0, 20, 20], [-30, -30, 90, 90]])
    faces = detector.predict(np.zeros((60, 60, 3), np.uint8), boxes=boxes)
    for face, box in zip(faces, boxes, strict=True):
        assert face.box.tolist() == box.tolist()
        assert face.score == 1
        np.testing.assert_allclose(face.landmarks, landmarks_in(box), atol=1e-3)


def test_one_box_may_be_flat_and_no_box_is_no_face(detector: Detector) -> None:
    image = np.zeros((60, 60, 3), np.uint8)
    assert len(detector.predict(image, boxes=BOX)) == 1
    assert detector.predict(image, boxes=[]) == []


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_channels_of_every_kind_of_image_agree(detector: Detector, channel: int) -> None:
    """The tiny network reports the mean of input channel 0 in spread[0], and so on; its are RGB."""
    rgb = np.zeros((60, 60, 3), np.uint8)
    rgb[..., channel] = 255
    alpha = np.full((60, 60, 1), 7, np.uint8)
    images = [rgb[..., ::-1], Image.fromarray(rgb), np.concatenate([rgb[..., ::-1], alpha], axis=2)]
    spreads = [detector.predict(image, boxes=[10, 10, 50, 50])[0].spread for image in images]
    for spread in spreads:
        assert np.argmax(spread[:3]) == channel
        assert spread == pytest.approx(spreads[0], abs=1e-5)


def test_spread_is_in_pixels_of_the_image(detector: Detector) -> None:
    white = np.full((200, 200), 255, np.uint8)
    small = detector.predict(white, boxes=[90, 90, 110, 110])[0].spread
    large = detector.predict(white, boxes=[60, 60, 140, 140])[0].spread
    assert small == pytest.approx(np.full(5, CROP_SCALE * 20 / CROP_SIZE), rel=1e-4)
    assert large == pytest.approx(4 * small, rel=1e-4)


def test_many_images_are_as_many_singles(detector: Detector) -> None:
    images = [bright_cells((row, 3), (row, 6)) for row in range(1, 7)]
    images[2] = np.zeros((33, 91), np.uint8)
    together = detector.predict(images)
    assert [len(faces) for faces in together] == [2, 2, 0, 2, 2, 2]
    for image, faces in zip(images, together, strict=True):
        for face, single in zip(faces, detector.predict(image), strict=True):
            np.testing.assert_allclose(face.landmarks, single.landmarks, atol=1e-4)
            np.testing.assert_allclose(face.spread, single.spread, atol=1e-4)


def test_more_faces_than_a_batch_holds(tiny: Path) -> None:
    detector = Detector(tiny, finder=None, max_batch=2)
    boxes = [[x, 5, x + 20, 25] for x in range(7)]
    faces = detector.predict(np.zeros((60, 60), np.uint8), boxes=boxes)
    for face, box in zip(faces, boxes, strict=True):
        np.testing.assert_allclose(face.landmarks, landmarks_in(box), atol=1e-3)


def test_many_images_of_any_kind_with_boxes(detector: Detector, tmp_path: Path) -> None:
    image = np.full((60, 70, 3), 128, np.uint8)
    Image.fromarray(image).save(tmp_path / "photo.png")
    images = (image, image[..., 0], tmp_path / "photo.png", Image.fromarray(image))
    results = detector.predict(images, boxes=[BOX, [BOX, BOX], [], np.zeros((0, 4))])
    assert [len(faces) for faces in results] == [1, 2, 0, 0]


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([BOX], "boxes for 2 images is 1; expected a list of 2"),
        (BOX, "boxes for 2 images is 4"),
        (7, "boxes for 2 images is int"),
        ([BOX, None], r"boxes of image 1 has dtype object"),
        ([BOX, [BOX, [0, 0, float("nan"), 1]]], r"boxes of image 1\[1\] is \(0, 0, nan, 1\)"),
    ],
)
def test_boxes_that_do_not_fit_the_images(detector: Detector, boxes: object, message: str) -> None:
    images = [np.zeros((60, 60), np.uint8)] * 2
    with pytest.raises(InvalidInputError, match=message):
        detector.predict(images, boxes=boxes)


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (1, 4000), (4000, 1, 3), (3, 20_000, 3)])
def test_image_of_any_shape(detector: Detector, shape: tuple[int, ...]) -> None:
    image = np.full(shape, 255, np.uint8)
    for face in detector.predict(image):
        assert np.isfinite(face.landmarks).all()
    (face,) = detector.predict(image, boxes=[0, 0, shape[1], shape[0]])
    assert np.isfinite(face.landmarks).all()


def test_image_may_be_freed_or_changed_after_the_call(detector: Detector) -> None:
    image = bright_cells((3, 4))
    (face,) = detector.predict(image)
    before = face.landmarks.copy()
    image[:] = 0
    del image
    np.testing.assert_array_equal(face.landmarks, before)


def test_arrays_paths_and_pil_images_give_the_same_answer(
    detector: Detector, demo_photo: Path
) -> None:
    with Image.open(demo_photo) as photo:
        photo.load()
    array = np.asarray(photo)[..., ::-1]
    box = [120, 60, 300, 280]
    results = [detector.predict(image, boxes=box)[0] for image in (demo_photo, photo, array)]
    for face in results[1:]:
        np.testing.assert_allclose(face.landmarks, results[0].landmarks, atol=1e-3)
        assert face.spread == pytest.approx(results[0].spread, abs=1e-5)


@pytest.mark.parametrize("angle_deg", [-30, 30])
def test_a_turned_face_is_cropped_upright(angle_deg: float, demo_photo: Path) -> None:
    """The region tells the angle, and the landmarks turn with the picture."""
    cv2 = pytest.importorskip("cv2")
    lite = Detector("lite", device="cpu", num_threads=1)
    image = cv2.imread(str(demo_photo))
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -angle_deg, 1.0)  # clockwise
    turned = cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)

    (upright,), (face,) = lite.predict(image), lite.predict(turned)

    change = lite.detect(turned).angles_deg[0] - lite.detect(image).angles_deg[0]
    assert change == pytest.approx(angle_deg, abs=15)  # the face has 45 px in the only look
    wanted = upright.landmarks @ turn[:, :2].T + turn[:, 2]
    assert np.linalg.norm(face.landmarks - wanted, axis=1).mean() < 2.0


def test_two_threads_share_a_detector(detector: Detector) -> None:
    images = [bright_cells((row, column)) for row in range(1, 7) for column in range(1, 7)]
    expected = [detector.predict(image)[0].landmarks for image in images]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda image: detector.predict(image)[0].landmarks, images * 5))
    for one, other in zip(found, expected * 5, strict=True):
        np.testing.assert_array_equal(one, other)


def test_options_filter_found_faces(tiny: Path, tiny_faces: Path) -> None:
    image = bright_cells((1, 1), (6, 6), (1, 6))
    image[8:16, 8:16] = 140

    def count(**options: float) -> int:
        thresholds = {"rescoring": None, "presence_threshold": 0.0} | options
        return len(Detector(tiny, finder=tiny_faces, **thresholds).predict(image))

    assert count() == 3
    assert count(score_threshold=0.6) == 2
    assert count(max_faces=1) == 1
    assert count(presence_threshold=0.99) == 0


def test_finder_and_presence_make_the_score(tiny: Path, tiny_faces: Path) -> None:
    image = np.full((FINDER_SIZE, FINDER_SIZE, 3), 51, np.uint8)
    image[24:32, 32:40] = 204  # to the finder a face of 0.8, among such of 0.2

    detector = Detector(
        tiny, finder=tiny_faces, rescoring=tiny, score_threshold=0.3, presence_threshold=0.1
    )
    (face,) = detector.predict(image)

    assert face.box == pytest.approx(box_of_cell(3, 4), abs=1e-3)
    assert 0.25 < face.presence < 0.35
    odds = (0.8 / 0.2) ** 0.7 * (face.presence / (1 - face.presence)) ** 0.55
    assert face.score == pytest.approx(odds / (1 + odds), abs=2e-3)


def test_a_constant_presence_is_not_asked_for(tmp_path: Path, tiny_faces: Path) -> None:
    landmarks = write_landmark_bundle(tmp_path / "tiny", constant_outputs=["spread", "presence"])

    (face,) = Detector(landmarks, finder=tiny_faces).predict(bright_cells((3, 4)))

    assert face.presence < 0.5
    assert face.score == pytest.approx(1, abs=1e-3)


def test_overlapping_boxes_are_merged_as_asked(tiny: Path, tiny_faces: Path) -> None:
    image = bright_cells((3, 3), (3, 4))

    def count(nms_iou: float) -> int:
        detector = Detector(
            tiny, finder=tiny_faces, nms_iou=nms_iou, rescoring=None, presence_threshold=0
        )
        return len(detector.predict(image))

    assert count(0.2) < count(0.9)


def test_finder_size(tiny: Path, tiny_faces: Path) -> None:
    detector = Detector(
        tiny, finder=tiny_faces, finder_size=2 * FINDER_SIZE, rescoring=None, presence_threshold=0
    )
    image = np.kron(bright_cells((3, 4)), np.ones((2, 2, 1), np.uint8))
    image[:48] = 0
    image[48:56, 64:72] = 255
    assert detector.predict(image)[0].box == pytest.approx([60, 44, 76, 60], abs=1e-2)


def test_tiles_find_what_is_too_small_in_the_whole_image(tiny: Path, tiny_faces: Path) -> None:
    whole = Detector(tiny, finder=tiny_faces, rescoring=None, presence_threshold=0)
    tiled = Detector(tiny, finder=tiny_faces, rescoring=None, presence_threshold=0, finder_tiles=2)
    small = np.zeros((FINDER_SIZE, FINDER_SIZE, 3), np.uint8)
    small[9:13, 50:54] = 255  # a quarter of a cell; in the upper right tile two thirds of one

    assert whole.predict(small) == []
    (face,) = tiled.predict(small)

    left, per_px = FINDER_SIZE * (1 - 1 / 1.75), 1 / 1.75
    box = left + 36 * per_px, 12 * per_px, left + 52 * per_px, 28 * per_px
    assert face.box == pytest.approx(box, abs=0.05)


def test_tiles_of_many_images_are_told_apart(tiny: Path, tiny_faces: Path) -> None:
    detector = Detector(
        tiny, finder=tiny_faces, rescoring=None, presence_threshold=0, finder_tiles=3, max_batch=4
    )
    wide = np.tile(bright_cells((1, 2)), (1, 3, 1))
    images = [bright_cells((3, 3)), bright_cells(), wide, bright_cells((6, 1))]

    for image, found in zip(images, detector.predict(images), strict=True):
        alone = detector.predict(image)
        assert len(found) == len(alone)
        for face, same in zip(found, alone, strict=True):
            np.testing.assert_array_equal(face.box, same.box)


def test_presence_is_not_asked_of_given_boxes(tiny: Path) -> None:
    detector = Detector(tiny, finder=None, presence_threshold=1)
    (face,) = detector.predict(np.zeros((60, 60), np.uint8), boxes=BOX)
    assert face.presence == pytest.approx(0, abs=1e-6)


def test_without_finder_boxes_are_needed(tiny: Path) -> None:
    detector = Detector(tiny, finder=None)
    with pytest.raises(InvalidInputError, match=r"finder=None.*pass boxes="):
        detector.predict(np.zeros((60, 60), np.uint8))


def test_finder_has_its_former_name_too(tiny: Path, tiny_faces: Path) -> None:
    with pytest.raises(InvalidInputError, match="finder=None"):
        Detector(tiny, faces=None).predict(bright_cells())
    with pytest.raises(InvalidInputError, match="one option"):
        Detector(tiny, finder=tiny_faces, faces=tiny_faces)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"score_threshold": 1.5}, "score_threshold is 1.5; expected a number from 0 to 1"),
        ({"presence_threshold": float("nan")}, "presence_threshold is nan"),
        ({"nms_iou": "0.5"}, "nms_iou is '0.5'"),
        ({"max_faces": 0}, "max_faces is 0; expected a whole number from 1"),
        ({"max_faces": True}, "max_faces is True"),
        ({"max_batch": 2.0}, "max_batch is 2.0"),
        ({"num_threads": -1}, "num_threads is -1; expected a whole number from 1"),
        ({"finder_tiles": 9}, "finder_tiles is 9; expected a whole number from 1 to 8"),
        ({"finder_size": 72}, "finder_size is 72; .* from 16 to 4096 that is a multiple of 16"),
    ],
)
def test_options_out_of_range(
    tiny: Path, tiny_faces: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        Detector(tiny, finder=tiny_faces, **options)


def test_auto_says_which_device_it_chose(tiny: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "kilomark"):
        detector = Detector(tiny, finder=None, device="auto")
    assert f"device='auto' chose '{detector.device}'" in caplog.text


@pytest.mark.parametrize("device", ["gpu", "", "CPU", "cuda:", "cuda:x", None, 0])
def test_unknown_device_lists_the_known(tiny: Path, device: str) -> None:
    with pytest.raises(DeviceUnavailableError, match=r"there is no device .*available here: cpu"):
        Detector(tiny, finder=None, device=device)


@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_cuda_is_refused_with_a_reason(tiny: Path, device: str) -> None:
    with pytest.raises(DeviceUnavailableError, match=r"cannot be used: .*use device='cpu'"):
        Detector(tiny, finder=None, device=device)


def test_more_threads_than_cores(tiny: Path, caplog: pytest.LogCaptureFixture) -> None:
    detector = Detector(tiny, finder=None, num_threads=10_000)
    assert "num_threads=10000 is more than the" in caplog.text
    assert len(detector.predict(np.zeros((60, 60), np.uint8), boxes=BOX)) == 1


def test_model_that_is_not_onnx(tmp_path: Path, tiny: Path) -> None:
    folder = Path(shutil.copytree(tiny, tmp_path / "broken"))
    data = b"this is not a network"
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["model"] |= {"sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data)}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "model.onnx").write_bytes(data)
    with pytest.raises(KilomarkError):
        Detector(folder, finder=None)


def test_stage_times_add_up(detector: Detector) -> None:
    faces, times = detector.predict_timed(bright_cells((3, 4)))
    assert len(faces) == 1
    names = {name for name in dir(type(times)) if name.endswith("_ms")}
    stages = [getattr(times, name) for name in names - {"total_ms"}]
    assert len(stages) >= 5
    assert min(stages) >= 0
    # What lies between two stages, such as making the result, is in no stage.
    assert sum(stages) == pytest.approx(times.total_ms, rel=0.05, abs=0.2)
    assert sum(stages) <= times.total_ms * 1.001
