"""Blinks, yawns, nods and shakes in made-up signals."""

from __future__ import annotations

import numpy as np
import pytest

from kilomark.errors import InvalidInputError
from kilomark.measures import BlinkCounter, HeadGestureDetector, YawnDetector
from kilomark.pose import Pose

FPS = 30


def test_blinks_are_counted_with_their_times() -> None:
    counter = BlinkCounter()
    rng = np.random.default_rng(1)
    times = np.arange(0, 10, 1 / FPS)
    openness = 0.3 + rng.normal(0, 0.005, len(times))
    for start in (2.0, 5.0, 8.0):
        openness[(times >= start) & (times < start + 0.2)] = 0.05

    blinks = [b for o, t in zip(openness, times, strict=True) if (b := counter.update(o, t))]

    assert [round(blink.start, 1) for blink in blinks] == [2.0, 5.0, 8.0]
    assert all(blink.duration == pytest.approx(0.2, abs=0.05) for blink in blinks)
    assert all(blink.least_openness < 0.25 for blink in blinks)


def test_long_closed_eyes_are_no_blink() -> None:
    counter = BlinkCounter()
    signal = [0.3] * 60 + [0.03] * 60 + [0.3] * 30

    assert not [b for i, o in enumerate(signal) if (b := counter.update(o, i / FPS))]


def test_missing_frames_are_skipped() -> None:
    counter = BlinkCounter()
    signal = [0.3] * 30 + [0.03, float("nan"), 0.03] + [0.3] * 5

    assert len([b for i, o in enumerate(signal) if (b := counter.update(o, i / FPS))]) == 1


def test_time_that_goes_back_is_refused() -> None:
    counter = BlinkCounter()
    counter.update(0.3, 1.0)

    with pytest.raises(InvalidInputError, match="do not go back"):
        counter.update(0.3, 0.5)


def test_yawn_needs_its_time() -> None:
    signal = [0.1] * 10 + [0.8] * 20 + [0.1] * 10 + [0.8] * 60 + [0.1]
    detector = YawnDetector()

    yawns = [y for i, o in enumerate(signal) if (y := detector.update(o, i / FPS))]

    assert [round(yawn.duration, 1) for yawn in yawns] == [2.0]


@pytest.mark.parametrize(("kind", "axis"), [("nod", "pitch"), ("shake", "yaw")])
def test_gestures_are_told_apart(kind: str, axis: str) -> None:
    detector = HeadGestureDetector()
    times = np.arange(0, 2, 1 / FPS)
    swing = 10 * np.sin(2 * np.pi * 2 * times)
    still = np.zeros_like(times)
    yaw, pitch = (swing, still) if axis == "yaw" else (still, swing)

    found = [
        gesture
        for y, p, t in zip(yaw, pitch, times, strict=True)
        if (gesture := detector.update(Pose(y, p, 0), t))
    ]

    assert found
    assert {gesture.kind for gesture in found} == {kind}


def test_a_still_head_makes_no_gesture() -> None:
    detector = HeadGestureDetector()
    rng = np.random.default_rng(2)

    for i in range(90):
        jitter = rng.normal(0, 0.5, 2)
        assert detector.update(Pose(jitter[0], jitter[1], 0), i / FPS) is None
