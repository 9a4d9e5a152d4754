from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from PIL import Image
from tests.video.clips import RATE, av, make_clip, moved_photo, sound_seconds

from kilomark.errors import DependencyError, InvalidInputError
from kilomark.video import VideoSource, camera_source, open_source
from kilomark.video.addresses import without_password
from kilomark.video.looping_source import LoopingSource
from kilomark.video.writer import PartWriter, join_parts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", num_frames=20)


def test_a_file_gives_its_frames_and_times(clip: Path) -> None:
    with open_source(clip) as source:
        frames = list(source.frames())
    assert source.frames_per_second == RATE
    assert source.duration_seconds == pytest.approx(20 / RATE, abs=0.05)
    assert [frame.time_seconds for frame in frames] == pytest.approx(np.arange(20) / RATE)
    expected = moved_photo(7)[..., ::-1].astype(float)
    assert np.abs(frames[7].image - expected).mean() < 6  # BGR, in order


def test_frames_begin_at_the_start(clip: Path) -> None:
    with open_source(clip) as source:
        times = [frame.time_seconds for frame in source.frames(10 / RATE)]
    assert times == pytest.approx(np.arange(10, 20) / RATE)


def tagged(clip: Path, path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Write the clip with a display matrix (a, b, c, d), as phones do."""
    content = bytearray(clip.read_bytes())
    begin = content.index(b"tkhd") + 44  # ISO 14496-12: a b u c d v x y w as 32 bits
    a, b, c, d = (value << 16 for value in matrix)
    content[begin : begin + 20] = struct.pack(">5i", a, b, 0, c, d)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("matrix", "shown"),
    [
        ((0, 1, -1, 0), lambda image: np.rot90(image, -1)),
        ((-1, 0, 0, -1), lambda image: np.rot90(image, 2)),
        ((0, -1, 1, 0), np.rot90),
        ((-1, 0, 0, 1), np.fliplr),
        ((1, 0, 0, -1), np.flipud),
        ((0, 1, 1, 0), lambda image: image.swapaxes(0, 1)),
    ],
)
def test_a_tag_of_rotation_and_mirroring_is_honored(
    clip: Path, tmp_path: Path, matrix: tuple[int, int, int, int], shown: Callable[[Any], Any]
) -> None:
    with open_source(clip) as source:
        expected = shown(next(source.frames()).image)
    with open_source(tagged(clip, tmp_path / "phone.mp4", matrix)) as source:
        np.testing.assert_array_equal(next(source.frames()).image, expected)


@pytest.mark.parametrize("suffix", ["ts", "mpg"])
@pytest.mark.parametrize("first", [0, 2, 17])
def test_formats_without_an_index_lose_no_frame(tmp_path: Path, suffix: str, first: int) -> None:
    path = tmp_path / f"clip.{suffix}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg2video", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for n in range(40):
            pixels = np.full((64, 64, 3), 6 * n, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="bgr24")))
        container.mux(stream.encode(None))
    for _ in range(2):  # a source may be read again
        with open_source(path) as source:
            for _ in range(2):
                frames = list(source.frames(first / 25))
                assert [frame.time_seconds for frame in frames] == pytest.approx(
                    np.arange(first, 40) / 25, abs=1e-3
                )
                assert frames[0].image.mean() == pytest.approx(6 * first, abs=4)


def test_files_joined_end_to_end_go_on(tmp_path: Path) -> None:
    pieces = []
    for number in range(2):
        piece = make_clip(tmp_path / f"{number}.ts", num_frames=45)
        pieces.append(piece.read_bytes())
    path = tmp_path / "joined.ts"
    path.write_bytes(b"".join(pieces))
    with open_source(path) as source:
        times = [frame.time_seconds for frame in source.frames()]
    assert np.diff(times) == pytest.approx(np.full(len(times) - 1, 1 / RATE), abs=0.01)
    assert len(times) >= 88  # a decoder may hold frames back where the pieces meet

    part = tmp_path / "part.mp4"
    writer = PartWriter(part, "mp4", 10.0)
    for n in range(30):
        writer.add(np.zeros((32, 32, 3), np.uint8), n / 10)
    writer.close()
    join_parts([(part, 0.0)], tmp_path / "out.mp4", "mp4", sound_of=str(path))
    assert sound_seconds(tmp_path / "out.mp4") == pytest.approx(3.0, abs=0.2)


def test_frames_without_times_are_evenly_apart_from_0_on(tmp_path: Path) -> None:
    path = tmp_path / "raw.h264"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(5):
            pixels = np.zeros((64, 64, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="bgr24")))
        container.mux(stream.encode(None))
    with open_source(path) as source:
        times = [frame.time_seconds for frame in source.frames()]
        assert times == pytest.approx(np.arange(5) / 25)
        assert [frame.time_seconds for frame in source.frames(0.08)] == times[2:]


def test_an_animated_gif(tmp_path: Path) -> None:
    path = tmp_path / "clip.gif"
    pictures = [Image.fromarray(moved_photo(4 * n)) for n in range(4)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100)
    with open_source(path) as source:
        times = [frame.time_seconds for frame in source.frames()]
    assert times == pytest.approx([0.0, 0.1, 0.2, 0.3], abs=0.011)


@pytest.mark.parametrize("pattern", ["", "*.png", "%d.png"])
def test_pictures_in_the_order_of_their_numbers(tmp_path: Path, pattern: str) -> None:
    for number in (2, 10, 9):
        Image.fromarray(np.full((8, 8, 3), 10 * number, np.uint8)).save(tmp_path / f"{number}.png")
    with open_source(str(tmp_path / pattern), frames_per_second=10) as source:
        frames = list(source.frames())
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [20, 90, 100]
    assert [frame.time_seconds for frame in frames] == pytest.approx([0.0, 0.1, 0.2])


def test_damaged_packets_cost_their_own_frames_only(clip: Path, tmp_path: Path) -> None:
    content = bytearray(clip.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 60] = bytes(60)
    path = tmp_path / "damaged.mp4"
    path.write_bytes(content)
    with open_source(path) as source:
        assert len(list(source.frames())) >= 10


@pytest.mark.parametrize("content", [b"", b"no video at all" * 100])
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match=r"cannot be opened as a video.*pass a video file"):
        open_source(path)


def test_a_file_with_sound_only_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        samples = np.zeros((1, 800), np.int16)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(InvalidInputError, match="holds no video"):
        open_source(path)


def test_a_missing_source_says_what_can_be_passed(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"there is no video .*camera's number"):
        open_source(tmp_path / "none.mp4")
    with pytest.raises(InvalidInputError, match="holds no pictures"):
        open_source(tmp_path)


def test_a_stream_that_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="cannot be opened"):
        open_source("rtsp://127.0.0.1:9/none")


def test_a_missing_camera_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="this machine has none; plug one in"):
        camera_source.check_device(0, tmp_path)
    (tmp_path / "video2").touch()
    with pytest.raises(InvalidInputError, match=r"no camera 0 .*this machine has 2"):
        camera_source.check_device(0, tmp_path)


def test_a_camera_without_permission_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "video0").touch()
    monkeypatch.setattr(camera_source.os, "access", lambda *_: False)
    with pytest.raises(InvalidInputError, match=r"may not be read by this user.*usermod"):
        camera_source.check_device(0, tmp_path)


@pytest.mark.skipif(
    camera_source.has_gstreamer(cv2.getBuildInformation()), reason="OpenCV has GStreamer"
)
def test_a_pipeline_needs_an_opencv_with_gstreamer() -> None:
    with pytest.raises(DependencyError, match="built without GStreamer"):
        open_source("videotestsrc ! videoconvert ! appsink")


@pytest.mark.skipif(
    not camera_source.has_gstreamer(cv2.getBuildInformation()),
    reason="needs an OpenCV with GStreamer: apt install python3-opencv",
)
def test_a_pipeline_gives_frames() -> None:
    pipeline = "videotestsrc num-buffers=3 ! videoconvert ! video/x-raw,format=BGR ! appsink"
    with open_source(pipeline) as source:
        assert [frame.image.shape for frame in source.frames()] == [(240, 320, 3)] * 3
    with pytest.raises(InvalidInputError, match=r"cannot be started; try it with gst-launch-1\.0"):
        open_source("filesrc location=/none ! decodebin ! videoconvert ! appsink")


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("rtsp://user:secret@camera:554/1?x=a@b", "rtsp://camera:554/1?x=a@b"),
        ("rtsp://user:se@cret@camera", "rtsp://camera"),
        ("http://camera/live", "http://camera/live"),
        ("clips/a@b.mp4", "clips/a@b.mp4"),
        ("rtsp://admin:se/cret@1@camera/live", "rtsp://camera/live"),
        ("rtsp://[::1]:554/live@1", "rtsp://[::1]:554/live@1"),
        ("rtsps://camera/1?user=admin&password=secret&channel=1", "***&channel=1"),
        ("rtsp://camera:554/user=admin_password=secret_channel=1", "password=***"),
        ("rtspsrc location=rtsp://admin:secret@camera/1 ! appsink", "location=rtsp://camera/1 ! "),
        ("rtspsrc location=rtsp://camera user-id=a user-pw=secret ! appsink", "user-pw=*** ! "),
    ],
)
def test_passwords_of_streams_are_not_shown(source: str, shown: str) -> None:
    assert shown in without_password(source)
    assert "secret" not in without_password(source)
    assert "cret@" not in without_password(source)


def test_a_mistyped_address_does_not_show_its_password() -> None:
    with pytest.raises(InvalidInputError, match="there is no video") as found:
        open_source("rtps://admin:secret@camera/1")
    assert "secret" not in str(found.value)


def test_an_error_of_a_stream_does_not_hold_its_password() -> None:
    with pytest.raises(
        InvalidInputError, match=r"http://127\.0\.0\.1:9/live cannot be opened"
    ) as found:
        open_source("http://user:secret@127.0.0.1:9/live")
    assert "secret" not in str(found.value)


def test_a_looping_file_is_opened_once_for_each_round(clip: Path) -> None:
    opened: list[VideoSource] = []

    def open_again() -> VideoSource:
        opened.append(open_source(clip))
        return opened[-1]

    with LoopingSource(open_again(), open_again) as source:
        times = [frame.time_seconds for frame, _ in zip(source.frames(), range(45), strict=False)]
    assert times == pytest.approx(np.arange(45) / RATE, abs=1e-3)
    assert len(opened) == 3


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_frame_rate_is_more_than_0(tmp_path: Path, rate: float) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "1.png")
    with pytest.raises(InvalidInputError, match="the frame rate is"):
        open_source(tmp_path, frames_per_second=rate)
