"""The score that a face detector and a presence make together, and how to keep its recall.

    logit(score) = finder_weight * logit(finder) + offset + large * large_offset
                   + (presence_weight + large * large_presence_weight)
                     * (logit(presence) - logit(neutral_presence))

``large`` is log2(longer side / 30 px), from 0 to 1. The company of other faces, which the runtime
adds for small faces, is left out: it needs all faces of a photo.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark import _core
from kilomark.errors import InvalidInputError
from kilomark.options import DEFAULT_SCORE_THRESHOLD

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Rescoring"]

Array = np.ndarray[Any, Any]

_LARGE_FROM_PX = 30.0
_ROUNDING = 1e-4
_LARGEST_LOGIT = 9.21  # the core bounds the presence to 0.0001 to 0.9999


@dataclass(frozen=True, slots=True, eq=False)
class Rescoring:
    """The rule for some candidates: ``logit(score) = rest + weight * presence logit``.

    Attributes:
        rest: (N,).
        weight: (N,) above 0.
    """

    rest: Array
    weight: Array

    @classmethod
    def from_manifest(
        cls, constants: Mapping[str, float] | None, scores: Array, sides_px: Array
    ) -> Rescoring:
        """Make the rule of a face detector's manifest for candidates (N,).

        Raises:
            InvalidInputError: the rule does not read the presence.
        """
        rule = _core.RescoringRule(**(constants or {}))
        if not rule.presence_weight > 0:
            raise InvalidInputError(
                f"the face detector's presence_weight is {rule.presence_weight}, so that no "
                "presence counts; expected a face detector that is rescored"
            )
        large = np.clip(np.log2(np.maximum(sides_px, 1.0) / _LARGE_FROM_PX), 0, 1)
        weight = rule.presence_weight + large * rule.large_presence_weight
        rest = (
            rule.finder_weight * _logit(scores)
            + rule.offset
            + large * rule.large_offset
            - weight * _logit(rule.neutral_presence)
        )
        return cls(rest, weight)

    def of(self, rows: Array) -> Rescoring:
        """Return the rule for some of the candidates."""
        return Rescoring(self.rest[rows], self.weight[rows])

    def passes(self, presence_logits: Array) -> Array:
        """Which candidates (N,) reach the default score threshold."""
        bounded = np.clip(presence_logits, -_LARGEST_LOGIT, _LARGEST_LOGIT)
        passed: Array = self.rest + self.weight * bounded >= _logit(DEFAULT_SCORE_THRESHOLD)
        return passed

    def shift_to_pass(self, presence_logits: Array, count: int) -> float:
        """Return the smallest shift of presence logits (N,) at which ``count`` candidates pass.

        Raises:
            InvalidInputError: at no shift do so many pass, or ``count`` is 0.
        """
        needed = (_logit(DEFAULT_SCORE_THRESHOLD) - self.rest) / self.weight
        shifts = np.where(needed > _LARGEST_LOGIT, np.inf, needed - presence_logits)
        shifts[needed <= -_LARGEST_LOGIT] = -np.inf  # these pass with any presence
        limits = np.append(np.sort(shifts), np.inf)
        if count < 1 or limits[count - 1] == np.inf:
            raise InvalidInputError(
                f"no shift of the presence lets {count} of the {len(shifts)} candidates on faces "
                "pass; expected labeled faces that the two networks find"
            )
        low, high = limits[count - 1] + _ROUNDING, limits[count] - _ROUNDING
        return float(max(low, min(high, 0.0)))


def _logit(probability: Array | float) -> Array:
    bounded = np.clip(np.asarray(probability, np.float64), 1e-6, 1 - 1e-6)
    return np.log(bounded / (1 - bounded))
