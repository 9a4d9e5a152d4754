"""Network cameras: RTSP and pictures over HTTP, from servers that fail in the usual ways."""

from __future__ import annotations

import io
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from tests.video.clips import moved_photo, read_times
from tests.video.rtsp_server import RtspServer

import kilomark
from kilomark.errors import InvalidInputError
from kilomark.video import ffmpeg_source, newest_frame, open_source, process_video
from kilomark.video.newest_frame import NewestFrame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


CREDENTIALS = "admin:secret1"
PATIENCE_SECONDS = 60.0


@pytest.fixture
def camera() -> Iterator[RtspServer]:
    with RtspServer() as server:
        yield server


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_rtsp_gives_frames_with_the_cameras_times(camera: RtspServer) -> None:
    with open_source(camera.address()) as source:
        assert source.is_live
        frames = [frame for frame, _ in zip(source.frames(), range(8), strict=False)]
    times = [frame.time_seconds for frame in frames[2:]]  # FFmpeg learns the clock from the first
    assert np.diff(times) == pytest.approx(1 / 30, abs=1e-3)
    assert (
        min(
            np.abs(frames[0].image - moved_photo(shift)[..., ::-1].astype(float)).mean()
            for shift in range(11)
        )
        < 6
    )


def test_a_user_and_a_password_are_sent_and_not_shown() -> None:
    with RtspServer(credentials=CREDENTIALS) as camera:
        with open_source(camera.address(CREDENTIALS)) as source:
            assert next(source.frames()).image.shape == (240, 320, 3)
            assert source.name == camera.address()
        for wrong in (None, "admin:secret2"):
            with pytest.raises(InvalidInputError, match=r"another user or password") as found:
                open_source(camera.address(wrong))
            assert "secret2" not in str(found.value)


def test_a_silent_camera_is_an_error_and_no_hang(
    camera: RtspServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ffmpeg_source, "READ_SECONDS", 0.5)
    with open_source(camera.address()) as source:
        frames = source.frames()
        next(frames)
        camera.is_stalled = True
        with pytest.raises(InvalidInputError, match=r"nothing came for 0\.5 s; check the camera"):
            list(frames)


def test_a_recording_ends_whole_when_the_camera_falls_silent(
    camera: RtspServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(ffmpeg_source, "READ_SECONDS", 0.5)
    detector = kilomark.Detector("lite", device="cpu", num_threads=1)
    output, table = tmp_path / "camera.mp4", tmp_path / "faces.csv"

    def stall(progress: object) -> None:
        del progress
        camera.is_stalled = True

    with open_source(camera.address()) as source:
        summary = process_video(source, detector, output=output, landmarks=table, report=stall)
    assert "the recording ends here" in caplog.text
    assert len(read_times(output)) == summary.frames > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["camera.mp4", "faces.csv"]


def test_a_camera_that_vanishes_is_opened_again_when_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    camera = RtspServer()
    address, port = camera.address(), camera.port
    with NewestFrame(lambda: open_source(address), retry_seconds=0.05) as frames:
        wait_until(lambda: frames.take(0.1) is not None)
        camera.close()
        wait_until(lambda: "cannot be opened" in (frames.trouble or ""))
        with RtspServer(port) as camera:
            wait_until(lambda: frames.trouble is None)
            assert frames.take(PATIENCE_SECONDS) is not None
            monkeypatch.setattr(newest_frame, "SILENT_SECONDS", 0.3)
            camera.is_stalled = True
            wait_until(lambda: frames.trouble == "the camera sends no frames at the moment")
            camera.is_stalled = False
            wait_until(lambda: frames.trouble is None)


class PictureCamera(BaseHTTPRequestHandler):
    """A camera that sends JPEG pictures, as ESP32-CAM and phones' programs do."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        stream = io.BytesIO()
        Image.fromarray(moved_photo(0)).save(stream, "JPEG")
        picture = stream.getvalue()
        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
        try:
            while True:
                self.wfile.write(head.encode() + picture + b"\r\n")
                time.sleep(0.1)
        except OSError:
            pass  # the client has gone

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def test_pictures_over_http_are_a_live_camera() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), PictureCamera) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        with open_source(f"http://127.0.0.1:{server.server_port}/live") as source:
            assert source.is_live
            begin = time.monotonic()
            frames = [frame for frame, _ in zip(source.frames(), range(5), strict=False)]
        passed = time.monotonic() - begin
        server.shutdown()
    assert frames[0].image.shape == (240, 320, 3)
    assert 0.2 < frames[-1].time_seconds <= passed  # by the clock, not by an assumed rate of 25
