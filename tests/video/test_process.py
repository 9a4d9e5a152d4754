from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.full_disk import files_of_at_most
from tests.video.clips import RATE, make_clip, read_times, sound_seconds

import kilomark
from kilomark.drawing import Layer
from kilomark.errors import InvalidInputError
from kilomark.video import (
    ROW_COLUMNS,
    VideoFrame,
    VideoProgress,
    VideoSource,
    VideoSummary,
    following,
    open_source,
    process_video,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def detector() -> kilomark.Detector:
    return kilomark.Detector("lite", device="cpu", num_threads=1)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", num_frames=24)


def run(clip: Path, detector: kilomark.Detector, **options: object) -> VideoSummary:
    with open_source(clip) as source:
        return process_video(source, detector, **options)  # type: ignore[arg-type]


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_video_keeps_its_times_and_sound(
    clip: Path, detector: kilomark.Detector, tmp_path: Path
) -> None:
    output = tmp_path / "out.mp4"
    summary = run(clip, detector, output=output)
    assert (summary.frames, summary.faces, summary.ids) == (24, 24, 1)
    assert read_times(output) == pytest.approx(np.arange(24) / RATE, abs=1e-3)
    assert sound_seconds(output) == pytest.approx(sound_seconds(clip), abs=0.05)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.mp4"]


def test_a_row_for_each_face_of_each_frame(
    clip: Path, detector: kilomark.Detector, tmp_path: Path
) -> None:
    run(clip, detector, landmarks=tmp_path / "faces.jsonl")
    rows = rows_of(tmp_path / "faces.jsonl")
    assert [row["frame"] for row in rows] == list(range(24))
    assert [row["time_seconds"] for row in rows] == pytest.approx(np.arange(24) / RATE)
    assert {row["id"] for row in rows} == {1}
    assert [row["age"] for row in rows] == list(range(24))
    assert rows[-1]["velocity_x"] == pytest.approx(RATE, rel=0.2)  # a pixel a frame
    assert np.array(rows[0]["landmarks"]).shape == (971, 2)


def test_csv_and_parquet(clip: Path, detector: kilomark.Detector, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    for name in ("faces.csv", "faces.parquet"):
        run(clip, detector, landmarks=tmp_path / name, end_seconds=4 / RATE)
    table = parquet.read_table(tmp_path / "faces.parquet")
    assert set(ROW_COLUMNS) <= set(table.column_names)
    with (tmp_path / "faces.csv").open() as file:
        assert [row["id"] for row in csv.DictReader(file)] == ["1"] * 4


def test_start_end_and_every(clip: Path, detector: kilomark.Detector, tmp_path: Path) -> None:
    output, landmarks = tmp_path / "out.mkv", tmp_path / "faces.jsonl"
    options = {"start_seconds": 6 / RATE, "end_seconds": 18 / RATE, "every": 3}
    summary = run(clip, detector, output=output, landmarks=landmarks, **options)
    assert summary.frames == 4
    assert [row["time_seconds"] * RATE for row in rows_of(landmarks)] == pytest.approx(
        [6, 9, 12, 15]
    )
    assert read_times(output) == pytest.approx(np.array([0, 3, 6, 9]) / RATE, abs=2e-3)


@pytest.mark.parametrize("at", [3, 14])
def test_a_stopped_run_goes_on_with_the_same_ids(
    clip: Path,
    detector: kilomark.Detector,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    at: int,
) -> None:
    monkeypatch.setattr(following, "PART_SECONDS", 5 / RATE)
    output, landmarks = tmp_path / "out.mp4", tmp_path / "faces.jsonl"

    def stop(progress: VideoProgress) -> None:
        if progress.frames == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(clip, detector, output=output, landmarks=landmarks, report=stop)
    assert not output.exists()
    assert not landmarks.exists()
    summary = run(clip, detector, output=output, landmarks=landmarks)
    assert summary.resumed_frames == (at - 1) // 5 * 5
    assert read_times(output) == pytest.approx(np.arange(24) / RATE, abs=1e-3)
    rows = rows_of(landmarks)
    assert [row["frame"] for row in rows] == list(range(24))
    assert {row["id"] for row in rows} == {1}
    assert [row["age"] for row in rows] == list(range(24))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["faces.jsonl", "out.mp4"]


def test_parts_of_other_settings_are_not_used(
    clip: Path, detector: kilomark.Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "PART_SECONDS", 5 / RATE)

    def stop(progress: VideoProgress) -> None:
        if progress.frames == 14:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(clip, detector, output=tmp_path / "out.mp4", report=stop)
    summary = run(clip, detector, output=tmp_path / "out.mp4", tracker_options={"smoothing": 0})
    assert summary.resumed_frames == 0


def test_an_earlier_output_stays_until_the_new_one_is_whole(
    clip: Path, detector: kilomark.Detector, tmp_path: Path
) -> None:
    output = tmp_path / "out.mp4"
    output.write_bytes(b"earlier")

    class Failing(Layer):
        def draw(self, *_: object) -> None:
            raise RuntimeError("drawing failed")

    with pytest.raises(RuntimeError, match="drawing failed"):
        run(clip, detector, output=output, style=Failing())
    assert output.read_bytes() == b"earlier"


def test_progress_has_the_share_and_the_time_left(
    clip: Path, detector: kilomark.Detector, tmp_path: Path
) -> None:
    seen: list[VideoProgress] = []
    run(clip, detector, landmarks=tmp_path / "faces.jsonl", report=seen.append)
    assert [progress.frames for progress in seen] == list(range(1, 25))
    assert seen[12].share == pytest.approx(0.5, abs=0.05)
    assert seen[12].remaining_seconds is not None
    assert "12 frames" in seen[11].describe()


class LiveSource(VideoSource):
    """A camera that a user stops with Ctrl-C after a few frames."""

    name = "camera 0"
    is_live = True
    frames_per_second = 30.0

    def frames(self, start_seconds: float = 0.0) -> Iterator[VideoFrame]:
        for n in range(5):
            yield VideoFrame(np.full((120, 161, 3), 90, np.uint8), start_seconds + n / 30)
        raise KeyboardInterrupt


def test_a_live_source_is_finished_by_an_interrupt(
    detector: kilomark.Detector, tmp_path: Path
) -> None:
    output = tmp_path / "out.mp4"
    summary = process_video(LiveSource(), detector, output=output)
    assert (summary.frames, summary.faces) == (5, 0)
    assert len(read_times(output)) == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "nothing to write"),
        ({"output": "out.avi"}, "no video format for the suffix"),
        ({"landmarks": "faces.txt"}, "no table for this suffix"),
        ({"output": "none/out.mp4"}, "there is no folder"),
        ({"output": "out.mp4", "every": 0}, "every is 0"),
        ({"output": "out.mp4", "start_seconds": -1}, "the start is -1"),
        ({"output": "out.mp4", "start_seconds": 2, "end_seconds": 1}, "the end is 1"),
        ({"output": "out.mp4", "start_seconds": 99}, "has no frames from 99 s"),
    ],
)
def test_what_cannot_be_done_is_said(
    clip: Path,
    detector: kilomark.Detector,
    tmp_path: Path,
    options: dict[str, Any],
    message: str,
) -> None:
    for name in ("output", "landmarks"):
        if name in options:
            options = {**options, name: tmp_path / options[name]}
    with pytest.raises(InvalidInputError, match=message):
        run(clip, detector, **options)
    assert not list(tmp_path.iterdir())


def test_the_source_is_not_overwritten(detector: kilomark.Detector, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", num_frames=2, sound=False)
    with pytest.raises(InvalidInputError, match="is the source itself"):
        run(clip, detector, output=clip)


@pytest.mark.parametrize("name", ["output", "landmarks"])
def test_a_full_disk_is_said_with_the_name_of_the_output(
    clip: Path, detector: kilomark.Detector, tmp_path: Path, name: str
) -> None:
    target = tmp_path / ("out.mp4" if name == "output" else "faces.jsonl")
    with (
        files_of_at_most(2000),
        pytest.raises(InvalidInputError, match=f"/{target.name} cannot be written: File too large"),
    ):
        run(clip, detector, **{name: target})
    assert not target.exists()


def test_two_runs_do_not_write_one_output(
    clip: Path, detector: kilomark.Detector, tmp_path: Path
) -> None:
    def begin_again(_: VideoProgress) -> None:
        with pytest.raises(InvalidInputError, match="is being written by another run"):
            run(clip, detector, landmarks=tmp_path / "faces.csv")

    run(clip, detector, landmarks=tmp_path / "faces.csv", end_seconds=0.05, report=begin_again)
    assert [path.name for path in tmp_path.iterdir()] == ["faces.csv"]
