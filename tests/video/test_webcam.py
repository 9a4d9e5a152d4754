from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.video.clips import make_clip, moved_photo, read_times

import kilomark
from kilomark.errors import DependencyError, InvalidInputError
from kilomark.video import VideoFrame, VideoSource, newest_frame, open_source
from kilomark.video.newest_frame import NewestFrame
from kilomark.video.webcam import show_webcam
from kilomark.video.webcam_state import VIEWS, WebcamState, press
from kilomark.video.window import check_screen, first_size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

FRAME_SECONDS = 0.005
PATIENCE_SECONDS = 60.0


class Camera(VideoSource):
    """A camera that gives frames at 200 a second, and vanishes after some."""

    name = "camera 0"
    is_live = True

    def __init__(self, num_frames: int) -> None:
        self._num_frames = num_frames
        self.num_given = 0
        self._image = np.ascontiguousarray(moved_photo(0)[..., ::-1])

    def frames(self, start_seconds: float = 0.0) -> Iterator[VideoFrame]:
        for n in range(self._num_frames):
            time.sleep(FRAME_SECONDS)
            self.num_given = n + 1
            yield VideoFrame(self._image, start_seconds + n * FRAME_SECONDS)


class Screen:
    """A screen that takes a while, and a user that presses keys."""

    def __init__(self, keys: str, seconds: float = 0.0) -> None:
        self._keys = list(keys)
        self._seconds = seconds
        self.pictures: list[npt.NDArray[np.uint8]] = []

    def show(self, image: npt.NDArray[np.uint8]) -> int:
        time.sleep(self._seconds)
        self.pictures.append(image)
        return ord(self._keys.pop(0)) if self._keys else ord("q")


@pytest.fixture(scope="module")
def detector() -> kilomark.Detector:
    return kilomark.Detector("lite", device="cpu", num_threads=1)


def test_a_slow_reader_gets_the_newest_frame_with_bounded_delay() -> None:
    camera = Camera(1_000_000)
    with NewestFrame(lambda: camera) as frames:
        for _ in range(12):
            given = camera.num_given
            while camera.num_given < given + 5:  # the reader is slow
                time.sleep(FRAME_SECONDS)
            newest = camera.num_given - 1
            frame = frames.take(PATIENCE_SECONDS)
            assert frame is not None
            assert frame.number >= newest - 1  # `newest` itself may be on its way


def test_a_camera_that_vanishes_is_opened_again() -> None:
    opened: list[int] = []

    def open_camera() -> VideoSource:
        opened.append(len(opened))
        if len(opened) == 2:
            raise InvalidInputError("there is no camera 0")
        return Camera(3)

    troubles = set()
    with NewestFrame(open_camera, retry_seconds=0.02) as frames:
        seen = 0
        while seen < 5:
            troubles.add(frames.trouble)
            seen += frames.take(0.01) is not None
    assert len(opened) >= 3
    assert "there is no camera 0" in troubles
    assert "the camera gives no more frames" in troubles


def test_a_file_ends_and_plays_at_its_own_speed(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", num_frames=6, sound=False)
    begin = time.monotonic()
    with NewestFrame(lambda: open_source(clip)) as frames:
        while frames.take(PATIENCE_SECONDS) is not None:
            pass
        assert frames.is_ended
    assert time.monotonic() - begin > 5 / 30 - 0.01


def test_an_absent_camera_is_an_error_at_the_start() -> None:
    def open_camera() -> VideoSource:
        raise InvalidInputError("there is no camera 0")

    with pytest.raises(InvalidInputError, match="no camera 0"):
        NewestFrame(open_camera)


def test_keys() -> None:
    state = WebcamState(["lite", "resnext50"])
    assert press(state, ord("m")).model_name == "resnext50"
    assert press(press(state, ord("m")), ord("m")).model_name == "lite"
    assert press(state, ord("g")).view_name == list(VIEWS)[1]
    assert press(state, ord("S")).smoothing == 2.0
    assert not press(state, ord("f")).is_mirrored
    assert press(state, ord("r")).is_recording
    assert press(state, ord(" ")).is_paused
    assert press(state, ord("p")).takes_snapshot
    assert press(state, ord("h")).shows_help
    assert press(state, ord("q")).is_ended
    assert press(state, 27).is_ended
    assert press(state, -1) is state
    assert press(state, 200) is state


def test_the_window_shows_faces_with_bounded_latency(
    detector: kilomark.Detector, tmp_path: Path
) -> None:
    screen = Screen("." * 10, seconds=0.03)
    with NewestFrame(lambda: Camera(10_000)) as frames:
        history = show_webcam(frames, screen, lambda _: detector, WebcamState(["lite"]), tmp_path)
    plain = Camera(1)._image[:, ::-1]
    assert (screen.pictures[-1] != plain).any(axis=2).mean() > 0.01  # contours and text
    assert len(history) == 11
    assert history[-1].skipped > 0
    assert history[-1].frames_per_second > 0


def test_the_window_says_what_is_wrong_before_the_first_frame(
    detector: kilomark.Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newest_frame, "SILENT_SECONDS", 0.01)
    monkeypatch.setattr(newest_frame, "SILENT_FRAMES", 0.0)
    is_over = threading.Event()

    class SilentCamera(Camera):
        def frames(self, start_seconds: float = 0.0) -> Iterator[VideoFrame]:
            is_over.wait()
            return super().frames(start_seconds)

    screen = Screen("")
    with NewestFrame(lambda: SilentCamera(0)) as frames:
        show_webcam(frames, screen, lambda _: detector, WebcamState(["lite"]), tmp_path)
        is_over.set()
    assert screen.pictures[0].shape == (480, 640, 3)
    assert screen.pictures[0].any()  # the text


def test_pause_snapshot_recording_and_models(detector: kilomark.Detector, tmp_path: Path) -> None:
    models: list[str] = []

    def make(name: str) -> kilomark.Detector:
        models.append(name)
        return detector

    screen = Screen("r..r" + "p." + " .. " + "m." + "h.")
    with NewestFrame(lambda: Camera(10_000)) as frames:
        show_webcam(frames, screen, make, WebcamState(["lite", "resnext50"]), tmp_path)
    (recording,) = tmp_path.glob("*.mp4")
    (snapshot,) = tmp_path.glob("*.png")
    assert len(read_times(recording)) == 3
    assert snapshot.stat().st_size > 1000
    assert len(list(tmp_path.iterdir())) == 2  # nothing unfinished
    assert models == ["lite", "resnext50"]


def test_a_folder_that_cannot_be_written_to_ends_no_session(
    detector: kilomark.Detector, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    screen = Screen("pr..")
    with NewestFrame(lambda: Camera(10_000)) as frames:
        show_webcam(frames, screen, lambda _: detector, WebcamState(["lite"]), tmp_path / "none")
    assert len(screen.pictures) == 5
    assert "none" in caplog.text


def test_a_machine_without_a_display_is_told_what_to_do() -> None:
    with pytest.raises(InvalidInputError, match=r"no display .*kilomark video"):
        check_screen({}, "  GUI: GTK3")


def test_a_headless_opencv_is_told_what_to_install() -> None:
    with pytest.raises(DependencyError, match=r"no windows.*pip install opencv-python"):
        check_screen({"DISPLAY": ":0"}, "  GUI:                           NONE")
    check_screen({"WAYLAND_DISPLAY": "wayland-0"}, "  GUI:    QT5")


@pytest.mark.parametrize(
    ("picture", "window"),
    [((640, 360), (640, 360)), ((3840, 2160), (1280, 720)), ((1080, 1920), (405, 720))],
)
def test_a_new_window_fits_the_picture_and_the_screen(
    picture: tuple[int, int], window: tuple[int, int]
) -> None:
    assert first_size(*picture) == window
