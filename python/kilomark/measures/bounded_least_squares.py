"""Least squares with bounds on every unknown, for small problems."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["solve_bounded"]

Floats = npt.NDArray[np.float64]

TOLERANCE = 1e-9


def solve_bounded(matrix: Floats, vector: Floats, upper: float = 1.0) -> Floats:
    """Minimize ``x @ matrix @ x / 2 - vector @ x`` with ``0 <= x <= upper``.

    The active-set method of Stark and Parker ("Bounded-Variable Least-Squares", Computational
    Statistics 10, 1995): all unknowns begin at 0; the one whose gradient leads furthest into the
    box is set free; the free ones are solved for, and one that meets a bound stays there.

    Args:
        matrix: (n, n) symmetric and positive definite.
        vector: (n,).
        upper: bound above 0 of every unknown.

    Returns:
        (n,) the minimum.
    """
    size = len(vector)
    found = np.zeros(size)
    free = np.zeros(size, bool)
    smallest_gain = TOLERANCE * max(1.0, float(np.abs(vector).max(initial=0.0)))
    for _ in range(3 * size):
        gain = vector - matrix @ found
        gain[found >= upper] *= -1.0
        gain[free] = -np.inf
        entering = int(gain.argmax()) if size else 0
        if not size or gain[entering] <= smallest_gain:
            break
        free[entering] = True
        _solve_free(matrix, vector, upper, found, free)
    return found


def _solve_free(matrix: Floats, vector: Floats, upper: float, found: Floats, free: Floats) -> None:
    """Solve for the free unknowns in place; those that meet a bound are no longer free."""
    while free.any():
        chosen = np.flatnonzero(free)
        right = (
            vector[chosen] - matrix[chosen] @ found + matrix[np.ix_(chosen, chosen)] @ found[chosen]
        )
        target = np.linalg.solve(matrix[np.ix_(chosen, chosen)], right)
        start = found[chosen]
        step = target - start
        outside = (target < 0) | (target > upper)
        if not outside.any():
            found[chosen] = target
            return
        limits = np.where(step > 0, upper, 0.0)
        shares = np.full(len(chosen), np.inf)
        np.divide(limits - start, step, out=shares, where=outside)
        share = min(1.0, max(0.0, float(shares.min())))
        found[chosen] = start + share * step
        stopped = shares <= share
        found[chosen[stopped]] = limits[stopped]
        free[chosen[stopped]] = False
