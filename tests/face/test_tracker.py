from __future__ import annotations

import copy
import pickle
import threading
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

import kilomark
from kilomark import Detector, InvalidInputError, Tracker

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

PHOTO = Path(kilomark.__file__).parent / "demo" / "astronaut.jpg"


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector("lite", device="cpu", num_threads=1)


def frame(shift_px: int = 0, seed: int | None = None) -> npt.NDArray[np.uint8]:
    """The demo photo's face, moved to the right by whole pixels, with noise of its own."""
    photo = np.asarray(Image.open(PHOTO).convert("RGB"))[..., ::-1]
    part = photo[:300, 80 - shift_px : 400 - shift_px]
    if seed is None:
        return np.ascontiguousarray(part)
    noise = np.random.default_rng(seed).normal(0, 4, part.shape)
    return np.clip(part + noise, 0, 255).astype(np.uint8)


def test_a_face_keeps_its_id_and_grows_older(detector: Detector) -> None:
    tracker = Tracker(detector)
    for n in range(5):
        (face,) = tracker.update(frame(2 * n), n / 30)
        assert (face.id, face.age) == (1, n)
    assert face.landmarks.shape == face.raw_landmarks.shape == (971, 2)
    assert face.velocity == pytest.approx([60, 0], abs=15)
    assert face.pose is not None


def tiny_frame(left_px: int) -> npt.NDArray[np.uint8]:
    """The demo photo at 40 px, whose face is 8 px wide, before a gray wall."""
    image = Image.new("RGB", (320, 240), (110, 110, 110))
    image.paste(Image.open(PHOTO).resize((40, 40), Image.Resampling.BOX), (left_px, 80))
    return np.ascontiguousarray(np.asarray(image)[..., ::-1])


def test_the_face_detector_holds_a_tiny_face_that_walks(detector: Detector) -> None:
    tracker = Tracker(detector)
    seen = [tracker.update(tiny_frame(40 + 2 * n), n / 25) for n in range(40)]
    assert all(len(faces) <= 1 for faces in seen)
    assert all(len(faces) == 1 for faces in seen[25:])
    assert {face.id for faces in seen for face in faces} == {1}
    for n, (face,) in enumerate(seen[25:], 25):
        center = (face.box[0] + face.box[2]) / 2
        assert center == pytest.approx(40 + 2 * n + 17.7, abs=3)  # as in the whole photo
        assert face.box[2] - face.box[0] < 14
        assert face.landmarks.shape == face.raw_landmarks.shape == (971, 2)
    assert seen[-1][0].velocity == pytest.approx([50, 0], abs=15)


def test_without_tiles_tiny_faces_are_not_looked_for(detector: Detector) -> None:
    tracker = Tracker(detector, tiles=1)
    assert not any(tracker.update(tiny_frame(40 + 2 * n), n / 25) for n in range(20))


def test_landmarks_are_those_of_the_detector(detector: Detector) -> None:
    (expected,) = detector.predict(frame())
    (face,) = Tracker(detector).update(frame())
    size = np.linalg.norm(expected.landmarks[328] - expected.landmarks[424])
    error = np.linalg.norm(face.landmarks - expected.landmarks, axis=1).mean() / size
    assert error < 0.02  # the regions differ a little
    assert face.score == pytest.approx(expected.score, abs=0.01)


def test_depth_is_smoothed_with_the_landmarks() -> None:
    detector = Detector("wild", device="cpu", num_threads=1)

    def motion_of_depth(smoothing: float) -> float:
        tracker = Tracker(detector, smoothing=smoothing)
        faces = [tracker.update(frame(seed=n), n / 30)[0] for n in range(12)]
        depths = [face.depth for face in faces if face.depth is not None]
        assert len(depths) == 12
        points = faces[-1].landmarks_3d
        assert points is not None
        assert points.shape == (971, 3)
        return float(np.array(depths)[6:].std(axis=0).mean())

    assert motion_of_depth(1.0) < 0.6 * motion_of_depth(0.0)


def test_smoothing_takes_noise_out_and_zero_leaves_it(detector: Detector) -> None:
    def spread_over_time(smoothing: float) -> float:
        tracker = Tracker(detector, smoothing=smoothing)
        faces = [tracker.update(frame(seed=n), n / 30)[0] for n in range(20)]
        if smoothing == 0:
            assert all((face.landmarks == face.raw_landmarks).all() for face in faces)
        return float(np.std([face.landmarks for face in faces[10:]], axis=0).mean())

    assert spread_over_time(1.0) < 0.6 * spread_over_time(0.0)


def test_the_same_frames_give_the_same_faces_after_a_reset(detector: Detector) -> None:
    tracker = Tracker(detector)
    runs = []
    for _ in range(2):
        runs.append([tracker.update(frame(n, seed=n), n / 30)[0] for n in range(4)])
        tracker.reset()
    for first, second in zip(*runs, strict=True):
        assert first.id == second.id
        np.testing.assert_array_equal(first.landmarks, second.landmarks)


def test_frames_without_time_stamps_are_a_thirtieth_of_a_second_apart(detector: Detector) -> None:
    timed, untimed = Tracker(detector), Tracker(detector)
    for n in range(4):
        (expected,) = timed.update(frame(n), n / 30)
        (face,) = untimed.update(frame(n))
        np.testing.assert_allclose(face.velocity, expected.velocity, atol=1e-2)


def test_many_trackers_share_a_detector(detector: Detector) -> None:
    """Each thread gets what it would get alone."""
    expected = [face.landmarks for face in follow(Tracker(detector))]
    results: list[list[Any]] = [[] for _ in range(4)]

    def run(results: list[Any]) -> None:
        results.extend(face.landmarks for face in follow(Tracker(detector)))

    threads = [threading.Thread(target=run, args=(result,)) for result in results]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        np.testing.assert_array_equal(result, expected)


def follow(tracker: Tracker) -> list[kilomark.TrackedFace]:
    return [tracker.update(frame(3 * n), n / 30)[0] for n in range(4)]


def test_all_kinds_of_images(detector: Detector) -> None:
    image = frame()
    rgb = np.ascontiguousarray(image[..., ::-1])
    for given in (image, image[..., 0], Image.fromarray(rgb), kilomark.RawImage(rgb, "rgb")):
        assert len(Tracker(detector).update(given)) == 1


def test_a_network_without_groups_is_followed_too(
    detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    ungrouped = replace(detector.topology, groups={})
    monkeypatch.setattr(Detector, "topology", property(lambda _: ungrouped))
    tracker = Tracker(detector)
    for n in range(4):
        assert [face.id for face in tracker.update(frame(3 * n))] == [1]


@pytest.mark.parametrize(
    "options",
    [
        {"smoothing": -1},
        {"smoothing": float("nan")},
        {"smoothing": "much"},
        {"memory_seconds": -1},
        {"detect_every": 0},
        {"tiles": 9},
        {"max_faces": 0},
    ],
)
def test_options_out_of_range_are_refused(detector: Detector, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match=next(iter(options))):
        Tracker(detector, **options)


@pytest.mark.parametrize("timestamp", [float("nan"), float("inf"), "now", True])
def test_time_stamps_that_are_none_are_refused(detector: Detector, timestamp: float) -> None:
    tracker = Tracker(detector)
    with pytest.raises(InvalidInputError, match="time stamp"):
        tracker.update(frame(), timestamp)
    assert len(tracker.update(frame(), 0.0)) == 1  # it stays usable


def test_what_is_no_image_is_refused(detector: Detector) -> None:
    with pytest.raises(InvalidInputError):
        Tracker(detector).update([frame()])  # type: ignore[arg-type]


def test_a_detector_without_a_part_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="finder=None"):
        Tracker(Detector("lite", finder=None, device="cpu"))
    with pytest.raises(InvalidInputError, match="model=None"):
        Tracker(Detector(None, device="cpu"))


@pytest.mark.parametrize("timestamp", [Fraction(1, 3), 1, np.float32(0.5), np.int64(2)])
def test_time_stamps_are_real_numbers_of_any_kind(detector: Detector, timestamp: float) -> None:
    assert [face.id for face in Tracker(detector).update(frame(), timestamp)] == [1]


@pytest.mark.parametrize("timestamp", [10**400, np.complex64(1), np.timedelta64(5, "ms")])
def test_other_numbers_are_no_time_stamps(detector: Detector, timestamp: Any) -> None:  # noqa: ANN401
    with pytest.raises(InvalidInputError, match="time stamp"):
        Tracker(detector).update(frame(), timestamp)


def test_a_list_of_frames_is_refused(detector: Detector) -> None:
    with pytest.raises(InvalidInputError, match="takes one frame"):
        Tracker(detector).update([frame(), frame()])  # type: ignore[arg-type]


def test_the_name_of_a_network_is_no_detector() -> None:
    with pytest.raises(InvalidInputError, match=r'Tracker\(Detector\("lite"\)\)'):
        Tracker("lite")  # type: ignore[arg-type]


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_tracker_is_not_copied(detector: Detector, duplicate: Callable[[Tracker], Any]) -> None:
    with pytest.raises(TypeError, match="pickle its detector"):
        duplicate(Tracker(detector))


def test_a_tracked_face_is_shown_in_one_line(detector: Detector) -> None:
    (face,) = Tracker(detector).update(frame())
    assert repr(face).startswith("<TrackedFace id=1 age=0 score=")
    assert repr(pickle.loads(pickle.dumps(face))) == repr(face)


def test_a_tracker_shows_its_detector(detector: Detector) -> None:
    assert repr(Tracker(detector)) == "<Tracker with <Detector of 971 landmarks on cpu>>"
