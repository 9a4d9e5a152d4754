from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.video.clips import make_clip, read_times

from kilomark.cli.main import main
from kilomark.cli.video import parse_seconds

if TYPE_CHECKING:
    from pathlib import Path

LITE = ["--model", "lite", "--device", "cpu"]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", num_frames=8)


def test_video_writes_the_video_and_the_table(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, table = tmp_path / "out.mp4", tmp_path / "faces.jsonl"
    assert main(["video", str(clip), "-o", str(output), "--landmarks", str(table), *LITE]) == 0
    assert "8 frames, 8 faces under 1 id;" in capsys.readouterr().out
    assert len(read_times(output)) == 8
    assert [json.loads(line)["id"] for line in table.read_text().splitlines()] == [1] * 8


def test_video_takes_a_part(clip: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    span = ["--start", "0.1", "--end", "0:00.24", "--every", "2"]
    assert main(["video", str(clip), "-o", str(output), "-q", *span, *LITE]) == 0
    assert len(read_times(output)) == 3


def test_video_without_an_output_says_what_to_name(
    clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["video", str(clip)])
    assert "use -o OUT.mp4, --landmarks FILE, or both" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("source", "message"),
    [("none.mp4", "there is no video none.mp4"), ("77", "there is no camera 77")],
)
def test_video_without_a_source_says_what_can_be_passed(
    source: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["video", source, "-o", str(tmp_path / "out.mp4"), *LITE]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("1.5", 1.5), ("1:30", 90), ("1:00:01.5", 3601.5)]
)
def test_times(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "now", "-1", "1:2:3:4", "1:", "1e3"])
def test_what_is_no_time_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["video", "clip.mp4", "-o", "out.mp4", f"--start={text}"])
    assert "is not a time" in capsys.readouterr().err


def test_predict_says_what_to_use_for_a_video(
    clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(clip)]) == 2
    assert f"kilomark video {clip} -o OUT.mp4" in capsys.readouterr().err


def test_webcam_without_a_display_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert main(["webcam"]) == 2
    assert "there is no display" in capsys.readouterr().err
