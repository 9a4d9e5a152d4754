from __future__ import annotations

import pytest

pytest.importorskip("onnxruntime", reason="converting needs onnxruntime: pip install onnxruntime")

import numpy as np
import onnx
from tests.conversion.small_networks import images, landmark_network

from kilomark.conversion.half_check import (
    FINDER_LIMITS,
    LANDMARK_LIMITS,
    Limits,
    Movement,
    make_half,
    movement_of,
)
from kilomark.conversion.half_precision import half_layers
from kilomark.conversion.samples import demo_samples
from kilomark.errors import EngineError
from kilomark.manifest import LandmarkBundle, read_bundle

LOOSE = Limits(mean_px=1, worst_px=5, score=0.1)


def test_the_output_layers_stay_in_float32_and_are_named() -> None:
    half = make_half(landmark_network(), images(), LOOSE)
    facts = half.facts()
    (kept,) = facts["kept_in_fp32"].values()
    assert kept == ["last", "slice", "reshape", "to_pixels", "gather", "sigmoid"]
    assert facts["half_layers"] == 6
    assert facts["largest_in_half"]["layer"] not in kept
    assert facts["moved_by_half"]["images"] == 6
    assert 0 < facts["moved_by_half"]["mean_px"] < facts["moved_by_half"]["worst_px"]


def test_ranges_are_those_of_the_activations() -> None:
    small, large = (
        make_half(landmark_network(feature_scale=scale), images(), LOOSE).ranges
        for scale in (1.0, 16.0)
    )
    assert large["conv1"] == pytest.approx(16 * small["conv1"], rel=1e-3)
    assert large["conv2"] == pytest.approx(small["conv2"], rel=1e-3)


def test_layers_that_would_overflow_stay_in_float32() -> None:
    half = make_half(landmark_network(feature_scale=2e4), images(), LOOSE)
    overflowing = {name for name, why in half.kept.items() if "65504" in why}
    assert overflowing == {"conv1", "relu1", "conv2"}
    assert half.ranges["conv1"] > 65504 / 8


def test_a_weight_that_does_not_fit_stays_in_float32() -> None:
    half = make_half(landmark_network(feature_scale=1e6), images(), LOOSE)
    assert "conv1" in half.kept


def test_layers_that_move_the_answers_stay_in_float32_until_they_do_not() -> None:
    proto = landmark_network()
    free = make_half(proto, images(), LOOSE)
    tight = Limits(free.movement.mean_px * 0.8, free.movement.worst_px, 0.1)

    half = make_half(proto, images(), tight)

    assert half.movement.mean_px <= tight.mean_px
    added = set(half.kept) - set(free.kept)
    assert added
    assert all("moves the outputs most" in half.kept[name] for name in added)
    assert set(half_layers(half.model)) < set(half_layers(free.model))


def test_a_network_that_half_ruins_is_refused() -> None:
    impossible = Limits(mean_px=0, worst_px=0, score=0)
    with pytest.raises(EngineError, match="use --precision fp32"):
        make_half(landmark_network(), images(), impossible)


def test_what_is_not_a_number_is_not_within_limits() -> None:
    assert not Movement(float("nan"), 0, 0).within(LOOSE)
    assert not Movement(0, float("inf"), 0).within(LOOSE)
    assert Movement(0, 0, 0).within(Limits(0, 0, 0))


def test_movement_is_a_distance_in_pixels() -> None:
    reference = {"landmarks": np.zeros((2, 3, 2)), "presence": np.zeros(2)}
    found = {"landmarks": np.zeros((2, 3, 2)), "presence": np.array([0, -0.5])}
    found["landmarks"][1, 2] = (3, 4)
    moved = movement_of(reference, found)
    assert (moved.mean_px, moved.worst_px, moved.score) == (5 / 6, 5, 0.5)


def test_a_finders_boxes_count_where_there_is_a_face() -> None:
    reference = {
        "scores": np.array([[0.9, 0.1]]),
        "distances": np.zeros((1, 2, 4)),
        "keypoints": np.zeros((1, 2, 5, 2)),
    }
    found = {name: values.copy() for name, values in reference.items()}
    found["distances"][0, 1] = 100
    assert movement_of(reference, found).worst_px == 0
    found["distances"][0, 0, 2] = 2
    assert movement_of(reference, found).worst_px == 2
    reference["scores"][:] = 0
    with pytest.raises(EngineError, match="found no face"):
        movement_of(reference, found)


@pytest.mark.parametrize("name", ["lite", "faces", "resnext50"])
def test_half_moves_no_answer_of_the_shipped_networks(name: str) -> None:
    bundle = read_bundle(name)
    limits = LANDMARK_LIMITS if isinstance(bundle, LandmarkBundle) else FINDER_LIMITS
    half = make_half(onnx.load_from_string(bundle.model), demo_samples(bundle, 4), limits)

    assert half.movement.within(limits)
    assert max(half.ranges.values()) < 1000
    convolutions = {n.name for n in half.model.graph.node if n.op_type == "Conv"}
    assert convolutions <= set(half_layers(half.model))
