from __future__ import annotations

import numpy as np
import pytest

from kilomark.evaluation.head_pose import measure_yaw


def test_faces_that_come_out_too_frontal_have_a_negative_bias() -> None:
    labeled = np.repeat([5.0, -20.0, 20.0, -60.0, 60.0], 10)

    front, turned, profile = measure_yaw(0.9 * labeled, labeled)

    assert [part.name for part in (front, turned, profile)] == [
        "0° to 15°", "15° to 30°", "45° to 90°"
    ]  # fmt: skip
    assert [part.num_faces for part in (front, turned, profile)] == [10, 20, 20]
    assert front.error_deg == pytest.approx(0.5)
    assert turned.bias_deg == pytest.approx(-2)
    assert profile.error_deg == pytest.approx(6)
    assert profile.bias_deg == pytest.approx(-6)


def test_errors_to_both_sides_are_no_bias() -> None:
    labeled = np.full(20, 40.0)
    (part,) = measure_yaw(labeled + np.tile([3.0, -3.0], 10), labeled)
    assert part.error_deg == pytest.approx(3)
    assert part.bias_deg == pytest.approx(0)


def test_faces_without_a_pose_and_rare_turns_are_left_out() -> None:
    labeled = np.concatenate([np.zeros(12), np.full(9, 80.0)])
    predicted = np.where(np.arange(21) < 2, np.nan, labeled)
    (part,) = measure_yaw(predicted, labeled)
    assert part.num_faces == 10
