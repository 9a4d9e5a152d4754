"""Ranges, rest and identity of the blendshape model, from landmarks of real faces."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from kilomark.measures.blendshape_model import (
    NEUTRAL_UNCERTAINTY,
    BlendshapeModel,
    Fitted,
    fit_nodes,
)
from kilomark.measures.blendshape_nodes import node_indices

from .real_faces import inner_lip_gap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kilomark.topology import Topology

    from .real_faces import RealFaces

__all__ = ["FitReport", "fit_ranges_rest_and_identity"]

CLOSED_LIPS = 0.03
"""Largest gap of the inner lips at rest, in distances of the eye corners."""
FEWEST_FRAMES = 3
"""Of a person with closed lips."""
SHARE_AT_REST = 1 / 3
"""Of a person's faces with closed lips, those with the least expression."""
ROUNDS = 2
FREE_UPPER, FREE_SPARSITY = 3.0, 0.3
"""While ranges are fitted: coefficients may pass 1, and are hardly held back."""
EXTREME = 99.9
"""Percentile of real faces at which a coefficient is 1."""
RANGE_LIMITS = (0.5, 1.5)
"""Of the strengths in `displacement_fields`; a range outside says that nobody made the face."""
FIXED_RANGES = ("eyeBlink",)
"""1 means that the lids meet."""
PAIRED_RANGES = {"mouthClose": "jawOpen"}
"""1 closes the lips of a jaw that is open by 1."""


@dataclass(frozen=True, slots=True, eq=False)
class FitReport:
    """What was fitted, and how well it describes the faces."""

    fitted: Fitted
    people: int
    """With several faces at rest, which gave rest and identity."""
    singles: int
    """Faces at rest of people of whom there is one face."""
    percentiles: Mapping[str, np.ndarray]
    """50, 90, 99 and 99.9 % of each coefficient, in strengths of `displacement_fields`."""
    explained: float
    """Share of the changes within a person that the coefficients explain."""
    agreement: Mapping[str, float]
    """Correlation of each coefficient without the person's face at rest with that with it."""


def fit_ranges_rest_and_identity(
    topology: Topology, faces: RealFaces, names: Sequence[str], size: int, most: int, seed: int = 0
) -> FitReport:
    """Fit the model's numbers.

    Args:
        topology: of the landmarks.
        faces: real ones.
        names: of the coefficients.
        size: how many ways of identity are kept.
        most: how many faces give the ranges, chosen at random.
        seed: of the choice.
    """
    mean = np.asarray(topology.mean_shape)[node_indices(topology)]
    people, alone = _people_with_closed_lips(faces)
    at_rest = [chosen[_nearest_to_median(faces.nodes[chosen])] for chosen in people]
    ranges = dict.fromkeys(names, 1.0)
    for _ in range(ROUNDS):
        rest, identity = _rest_and_identity(faces, at_rest, size)
        model = BlendshapeModel(topology, Fitted(ranges, rest - mean, identity))
        at_rest = [chosen[_least(_expression(model, faces.nodes[chosen]))] for chosen in people]
        single = alone[_least(_expression(model, faces.nodes[alone]))] if len(alone) else alone
    random = np.random.default_rng(seed)
    chosen = random.permutation(len(faces.nodes))[:most]
    found = _coefficients(model, faces.nodes[chosen])
    ranges = _ranges(model.names, np.percentile(found, EXTREME, axis=0))
    rest, identity = _rest_and_identity(faces, [*at_rest, *single[:, None]], size)
    fitted = Fitted(ranges, rest - mean, identity)
    table = np.percentile(found, [50, 90, 99, EXTREME], axis=0).T
    explained, agreement = _explained_and_agreement(
        BlendshapeModel(topology, fitted), faces, people, at_rest
    )
    return FitReport(
        fitted,
        len(people),
        len(single),
        dict(zip(names, table, strict=True)),
        explained,
        agreement,
    )


def _people_with_closed_lips(faces: RealFaces) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the faces of each person, and those of people who are not known."""
    closed = np.flatnonzero(inner_lip_gap(faces.nodes) < CLOSED_LIPS)
    order = closed[np.argsort(faces.person[closed], kind="stable")]
    _, starts = np.unique(faces.person[order], return_index=True)
    groups = np.split(order, starts[1:])
    known = [group for group in groups if faces.person[group[0]] >= 0]
    people = [group for group in known if len(group) >= FEWEST_FRAMES]
    return people, closed[faces.person[closed] < 0]


def _least(cost: np.ndarray) -> np.ndarray:
    return np.argsort(cost)[: max(FEWEST_FRAMES, round(len(cost) * SHARE_AT_REST))]


def _nearest_to_median(nodes: np.ndarray) -> np.ndarray:
    return _least(((nodes - np.median(nodes, axis=0)) ** 2).sum(axis=(1, 2)))


def _expression(model: BlendshapeModel, nodes: np.ndarray) -> np.ndarray:
    return _coefficients(model, nodes).sum(axis=1)


def _coefficients(model: BlendshapeModel, nodes: np.ndarray) -> np.ndarray:
    rest = replace(model.average, sparsity=np.full(len(model.names), FREE_SPARSITY))
    return np.stack([fit_nodes(one[:, :2], rest, FREE_UPPER).coefficients for one in nodes])


def _rest_and_identity(
    faces: RealFaces, at_rest: list[np.ndarray], size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean (N, 3) of people at rest, and the principal ways (R, N, 3) they differ."""
    both = [
        side[chosen].mean(axis=0) for side in (faces.nodes, faces.mirrored) for chosen in at_rest
    ]
    people = np.stack(both)
    mean = people.mean(axis=0)
    _, scales, ways = np.linalg.svd((people - mean).reshape(len(people), -1), full_matrices=False)
    ways = ways[:size] * (scales[:size] / np.sqrt(len(people)))[:, None]
    return mean, ways.reshape(len(ways), *mean.shape)


def _ranges(names: Sequence[str], extremes: np.ndarray) -> dict[str, float]:
    """Return the extremes within limits, the same for both sides."""
    found = {
        name: float(np.clip(extreme, *RANGE_LIMITS))
        for name, extreme in zip(names, extremes, strict=True)
    }
    for name in names:
        if name.startswith(FIXED_RANGES):
            found[name] = 1.0
        elif name.endswith("Left"):
            other = name.removesuffix("Left") + "Right"
            found[name] = found[other] = (found[name] + found[other]) / 2
    for name, source in PAIRED_RANGES.items():
        if name in found and source in found:
            found[name] = found[source]
    return found


def _explained_and_agreement(
    model: BlendshapeModel, faces: RealFaces, people: list[np.ndarray], at_rest: list[np.ndarray]
) -> tuple[float, dict[str, float]]:
    """Compare the fits of the people's faces with and without their face at rest."""
    change = left = 0.0
    known, unknown = [], []
    for chosen, resting in zip(people, at_rest, strict=True):
        points = faces.nodes[resting].mean(axis=0)
        covariance = model.fit_identity(points[:, :2]).covariance
        neutral = model.resting(points, NEUTRAL_UNCERTAINTY * covariance)
        for one in faces.nodes[faces.person == faces.person[chosen[0]]]:
            fit = fit_nodes(one[:, :2], neutral)
            change += float((((one - points)[:, :2]) ** 2).sum())
            left += float((fit.residual**2).sum())
            known.append(fit.coefficients)
            unknown.append(fit_nodes(one[:, :2], model.average).coefficients)
    pairs = zip(np.transpose(known), np.transpose(unknown), strict=True)
    agreement = [
        float(np.corrcoef(a, b)[0, 1]) if np.ptp(a) > 0 and np.ptp(b) > 0 else 0.0 for a, b in pairs
    ]
    return 1 - left / change, dict(zip(model.names, agreement, strict=True))
