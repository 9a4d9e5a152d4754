"""Blendshapes on generated faces: the mean face, changed by known amounts, turned, with noise.

The mean face of the data smiles a little, so it is given as the person at rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.measures.expressions import EXPRESSIONS, expressed

from kilomark.measures import blendshapes, measure, neutral_face

if TYPE_CHECKING:
    from collections.abc import Callable

    from kilomark.faces import Face
    from kilomark.topology import Topology

    Show = Callable[..., Face]

POSES = [(0, 0, 0), (20, 0, 0), (-15, 10, 12)]
LARGEST_ERROR = 0.25
LARGEST_CROSS_TALK = 0.15
FOUND_AT_1 = {"browDown": 0.65}
"""Of an expression with another shape than the model's; 0.9 if not named."""


@pytest.mark.parametrize("name", EXPRESSIONS)
@pytest.mark.parametrize("amount", [0.3, 0.7, 1.0])
def test_a_coefficient_follows_its_expression(
    name: str, amount: float, show: Show, mean: np.ndarray, topology: Topology
) -> None:
    face = expressed(mean, topology, name, amount)
    neutral = neutral_face([show(mean)])
    found = [blendshapes(show(face, *pose), neutral=neutral)[name] for pose in POSES]
    expected = FOUND_AT_1.get(name.removesuffix("Left").removesuffix("Right"), 0.9) * amount
    assert found == pytest.approx([expected] * len(POSES), abs=LARGEST_ERROR)


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_moves_no_other_coefficient(
    name: str, show: Show, mean: np.ndarray, topology: Topology
) -> None:
    found = blendshapes(show(expressed(mean, topology, name, 1.0)), neutral=show(mean))
    others = {other: value for other, value in found.items() if other != name}
    assert max(others.values()) < LARGEST_CROSS_TALK, others


def test_noise_of_the_landmarks_moves_the_measures_little(show: Show, mean: np.ndarray) -> None:
    random = np.random.default_rng(4)
    at_rest = measure(show(mean))
    noisy = []
    for _ in range(20):
        # 1 % of the eye distance, the same for neighbors, as networks err
        shifts = np.repeat(random.normal(0, 0.01, (98, 3)), 10, axis=0)[: len(mean)]
        noisy.append(measure(show(mean + shifts)))
    for name in ("eye_openness_left", "mouth_openness", "smile", "brow_raise_left"):
        values = np.array([one[name] for one in noisy], float)
        assert np.abs(values - float(at_rest[name] or 0)).mean() < 0.05, name


@pytest.mark.parametrize("rest", ["browDown", "eyeSquint", "mouthUpperUp", "mouthSmile"])
def test_an_open_mouth_moves_nothing_above_it(
    rest: str, show: Show, mean: np.ndarray, topology: Topology
) -> None:
    found = blendshapes(show(expressed(mean, topology, "jawOpen", 1.0), 0, 10, 0))
    assert max(found[f"{rest}Left"], found[f"{rest}Right"]) < 0.1
