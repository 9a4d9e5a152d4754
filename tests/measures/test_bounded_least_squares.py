"""Bounded least squares against a slow, obvious solver."""

from __future__ import annotations

import numpy as np
import pytest

from kilomark.measures.bounded_least_squares import solve_bounded


def projected_gradient(matrix: np.ndarray, vector: np.ndarray, upper: float) -> np.ndarray:
    found = np.zeros(len(vector))
    step = 1 / np.linalg.eigvalsh(matrix)[-1]
    for _ in range(20_000):
        found = np.clip(found + step * (vector - matrix @ found), 0, upper)
    return found


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("upper", [1.0, 0.3])
def test_the_minimum_is_that_of_projected_gradients(seed: int, upper: float) -> None:
    random = np.random.default_rng(seed)
    columns = random.normal(size=(12, 8))
    matrix, vector = columns.T @ columns + 0.1 * np.eye(8), 3 * random.normal(size=8)

    found = solve_bounded(matrix, vector, upper)

    assert found == pytest.approx(projected_gradient(matrix, vector, upper), abs=1e-5)


def test_opposites_exclude_each_other() -> None:
    field = np.array([1.0, 2.0, -1.0])
    columns = np.stack([field, -field])
    found = solve_bounded(columns @ columns.T + 1e-6 * np.eye(2), columns @ (-0.4 * field) - 0.01)

    assert found[0] == 0
    assert found[1] == pytest.approx(0.4, abs=0.01)


def test_nothing_to_solve_gives_nothing() -> None:
    assert solve_bounded(np.zeros((0, 0)), np.zeros(0)).shape == (0,)
