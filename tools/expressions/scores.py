"""How close coefficients come to those of generated faces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kilomark.pose import Pose

from .generated import generate_face, generate_person, random_coefficients

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kilomark.faces import Face
    from kilomark.measures.blendshape_model import BlendshapeModel
    from kilomark.topology import Topology

    Measure = Callable[[Face, Face | None], Mapping[str, float]]

__all__ = ["CoefficientScore", "score_alone", "score_combined"]

LARGEST_YAW_DEG, LARGEST_PITCH_DEG, LARGEST_ROLL_DEG = 30.0, 15.0, 15.0
COMBINED = 4
"""Coefficients that a combined expression moves."""
STRENGTHS = (0.3, 0.6, 1.0)


@dataclass(frozen=True, slots=True)
class CoefficientScore:
    """The accuracy of one coefficient."""

    mean_error: float
    error_95: float
    """95th percentile."""


def score_combined(
    measure: Measure,
    model: BlendshapeModel,
    topology: Topology,
    count: int,
    *,
    calibrated: bool,
    seed: int = 0,
) -> dict[str, CoefficientScore]:
    """Score random combinations on random people in random poses, with noise.

    Args:
        measure: returns the coefficients of a face; the second argument is the person at rest.
        model: that generates the faces.
        topology: of the landmarks.
        count: of the faces.
        calibrated: whether ``measure`` gets the person at rest, from one noisy face.
        seed: of everything random.
    """
    random = np.random.default_rng(seed)
    errors = np.empty((count, len(model.names)))
    for n in range(count):
        person = generate_person(model, random)
        truth = random_coefficients(model.names, COMBINED, random)
        face = _random_face(model, topology, person, truth, random, 1.0)
        resting = _random_face(model, topology, person, {}, random, 0.3)
        found = measure(face, resting if calibrated else None)
        errors[n] = [abs(found.get(name, 0.0) - truth.get(name, 0.0)) for name in model.names]
    return {
        name: CoefficientScore(float(one.mean()), float(np.percentile(one, 95)))
        for name, one in zip(model.names, errors.T, strict=True)
    }


@dataclass(frozen=True, slots=True)
class AloneScore:
    """The answer to one coefficient alone, on the average person at rest, without noise."""

    found: tuple[float, ...]
    """At each of `STRENGTHS`."""
    others: dict[str, float]
    """Other coefficients above 0.1 at strength 1."""
    correlation: float
    """Of truth and finding on random people in random poses with noise, calibrated."""


def score_alone(
    measure: Measure, model: BlendshapeModel, topology: Topology, name: str, people: int = 40
) -> AloneScore:
    """Score one coefficient that moves alone."""
    random = np.random.default_rng(7)
    average = model.average.points
    straight = {"pose": Pose(0, 0, 0), "noise": 0.0, "random": random}
    answers = [
        measure(generate_face(model, topology, average, {name: strength}, **straight), None)
        for strength in STRENGTHS
    ]
    others = {
        other: value
        for other, value in answers[-1].items()
        if other != name and value > 0.1 and not other.startswith("eyeLook")
    }
    truths, found = np.linspace(0, 1, people), np.empty(people)
    for n, strength in enumerate(truths):
        person = generate_person(model, random)
        face = _random_face(model, topology, person, {name: float(strength)}, random, 1.0)
        resting = _random_face(model, topology, person, {}, random, 0.3)
        found[n] = measure(face, resting).get(name, 0.0)
    correlation = float(np.corrcoef(truths, found)[0, 1]) if np.ptp(found) > 0 else 0.0
    return AloneScore(tuple(a.get(name, 0.0) for a in answers), others, correlation)


def _random_face(
    model: BlendshapeModel,
    topology: Topology,
    person: np.ndarray,
    coefficients: Mapping[str, float],
    random: np.random.Generator,
    turned: float,
) -> Face:
    """Return a face with noise, turned at random by a share of the largest angles."""
    limits = np.array([LARGEST_YAW_DEG, LARGEST_PITCH_DEG, LARGEST_ROLL_DEG]) * turned
    pose = Pose(*(float(angle) for angle in random.uniform(-limits, limits)))
    return generate_face(model, topology, person, coefficients, pose=pose, noise=1.0, random=random)
