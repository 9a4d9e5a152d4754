from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kilomark.cli.main import main

pytest.importorskip("av", reason="needs the video extra: pip install '.[video]'")

from tests.video.clips import make_clip

if TYPE_CHECKING:
    import socket
    from pathlib import Path


def test_a_clip_is_sent_until_it_ends(
    receiver: socket.socket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = make_clip(tmp_path / "clip.mp4", num_frames=12, sound=False)
    port = str(receiver.getsockname()[1])
    assert main(["send", str(clip), "--udp", port, "--points", "none", "--device", "cpu"]) == 0
    assert "frames sent" in capsys.readouterr().err
    first = json.loads(receiver.recv(1 << 16))
    second = json.loads(receiver.recv(1 << 16))
    assert first["face"]["id"] == second["face"]["id"] == 1
    assert 0 <= first["time"] < second["time"] < 2
    assert second["frame"] > first["frame"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_stops_cleanly(receiver: socket.socket, tmp_path: Path, number: int) -> None:
    clip = make_clip(tmp_path / "clip.mp4", num_frames=4, sound=False)
    port = str(receiver.getsockname()[1])
    command = [sys.executable, "-m", "kilomark", "send", str(clip), "--loop", "--udp", port]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        for _ in range(6):  # more than the clip has
            receiver.recv(1 << 16)
        process.send_signal(number)
        try:
            assert process.wait(60) == 0
        finally:
            process.kill()
        assert process.stderr is not None
        assert "frames sent" in process.stderr.read()


def test_without_a_receiver_the_command_says_what_to_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["send", "0"])
    assert stopped.value.code == 2
    assert "--udp, --vmc, --websocket" in capsys.readouterr().err


def test_a_wrong_address_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["send", "no.mp4", "--udp", "board:x", "--device", "cpu"]) == 2
    assert "is not an address" in capsys.readouterr().err


def test_faces_are_compared_with_their_rest(
    receiver: socket.socket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = make_clip(tmp_path / "clip.mp4", num_frames=12, sound=False)
    port = str(receiver.getsockname()[1])
    command = ["send", str(clip), "--udp", port, "--points", "none", "--device", "cpu"]
    assert main([*command, "--calibrate", "0.1"]) == 0
    assert json.loads(receiver.recv(1 << 16))["face"]["blendshapes"]
    assert main([*command, "--calibrate", "0"]) == 2
    assert "expected a finite number above 0" in capsys.readouterr().err
