"""The clip that may be published, face.mp4 (tools/make_clip.py): one face that blinks twice."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import kilomark

pytest.importorskip("av", reason="needs the video extra: pip install '.[video]'")

from kilomark.video import open_source, process_video

CLIP = Path(__file__).with_name("face.mp4")
NUM_FRAMES = 90
BLINKS_AT_SECONDS = (1.0, 64 / 30)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    table = tmp_path_factory.mktemp("clip") / "faces.jsonl"
    detector = kilomark.Detector("lite", device="cpu", num_threads=1)
    with open_source(str(CLIP)) as source:
        process_video(source, detector, landmarks=table)
    return [json.loads(line) for line in table.read_text().splitlines()]


def test_one_face_keeps_its_id_through_the_clip(rows: list[dict[str, object]]) -> None:
    assert [row["frame"] for row in rows] == list(range(NUM_FRAMES))
    assert {row["id"] for row in rows} == {1}


def test_the_landmarks_move_as_the_face_does(rows: list[dict[str, object]]) -> None:
    centers = np.array([np.mean(row["landmarks"], axis=0) for row in rows])
    sway = np.sin(2 * np.pi * np.arange(NUM_FRAMES) / NUM_FRAMES)
    assert np.corrcoef(centers[:, 0], sway)[0, 1] > 0.99
    assert np.ptp(centers[:, 0]) == pytest.approx(1.2 * 90 * 480 / 640, rel=0.15)


def test_the_eyes_close_at_the_blinks(rows: list[dict[str, object]]) -> None:
    openness = np.array([row["eye_openness_left"] for row in rows], float)
    usual = np.median(openness)
    for seconds in BLINKS_AT_SECONDS:
        at = round(30 * seconds)
        assert openness[at - 2 : at + 4].min() < 0.85 * usual
    assert openness[40:56].min() > 0.9 * usual
