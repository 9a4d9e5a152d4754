"""Coefficients of an expression as a bounded fit of displacement fields to the landmarks.

A face in the image is ``scale * (R @ point)[:2] + shift``, with the points, in the face's frame::

    points = rest + sum_k c_k * range_k * field_k + sum_i a_i * identity_i + noise

``rest`` is a fitted average of faces at rest. ``field_k`` are `displacement_fields`; ``identity_i``
are the ways in which people at rest differ, each times its standard deviation, so that the ``a_i``
are normal. Ranges, rest and identity were fitted to landmarks of real faces. The fit minimizes ::

    |whitened residual|^2 / 2 + a @ precision @ a / 2
        + sum_k (sparsity_k * c_k + DAMPING * c_k^2 / 2),    0 <= c_k <= 1

in the image plane. Small changes of scale, shift and rotation are unknowns too. All but the ``c_k``
have no bounds and are eliminated first, which leaves a bounded problem with one unknown for each
coefficient. The fit uses 156 landmarks, the nodes of `blendshape_nodes`: neighbors say the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kilomark.errors import InvalidInputError
from kilomark.measures.blendshape_nodes import (
    node_indices,
    node_topology,
    rigid_nodes,
    whitened_shifts,
    whitening,
)
from kilomark.measures.bounded_least_squares import solve_bounded
from kilomark.measures.displacement_fields import displacement_fields
from kilomark.measures.face_frame import NO_MEAN_SHAPE, NO_POSE
from kilomark.pose import fit_rotation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kilomark.faces import Face
    from kilomark.topology import Topology

__all__ = [
    "FITTED",
    "BlendshapeFit",
    "BlendshapeModel",
    "Fitted",
    "NeutralFace",
    "fit_nodes",
    "read_fitted",
    "shipped",
]

Floats = npt.NDArray[np.float64]

SPARSITY = 3.0
"""Cost of a coefficient of 1, in units of the log-likelihood; half of it for one of two sides, so
that both sides of an expression cost as much as one in the middle."""

LARGEST_LOSS = 0.4
"""By how much the cost may lower a coefficient that moves alone, in a face that looks ahead. It
limits the cost of coefficients that move little."""

IDENTITY_SHARE = 0.4
"""Of the standard deviations of the identity, while nothing is known of the person. With all of
it the fit takes most of a smile for the shape of the mouth. With this share the coefficients of
real people agree well with those of a fit that knows the person at rest."""

NEUTRAL_UNCERTAINTY = 0.1
"""By which the covariance of a person's identity is multiplied once faces at rest are known. A
quarter undoes `MODEL_NOISE_FACTOR`, because fields do not matter at rest; the rest is for a mean of
several frames. Errors of `lite` repeat by a fifth only from photo to photo of a person."""

DAMPING = 0.3
"""Inverse variance of a coefficient; keeps the problem definite."""

POSE_DEVIATIONS = np.array([0.1, 0.1, 0.1, 0.2, 0.2, 0.2])
"""Shift x and y in eye distances, scale as a share, rotation about x, y, z in radians."""

FITTED = Path(__file__).parent / "blendshape_fit.npz"


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """What was fitted to landmarks of real faces."""

    ranges: Mapping[str, float]
    """Of each coefficient that the fit determines: by how much its field counts at 1."""
    rest: Floats
    """(N, 3) nodes of the average face at rest minus those of the mean face."""
    identity: Floats
    """(R, N, 3) ways in which people at rest differ, times their standard deviations."""


@lru_cache(maxsize=1)
def shipped() -> Fitted:
    """Return what the package ships."""
    return read_fitted()


def read_fitted(path: Path = FITTED) -> Fitted:
    """Read a file of `Fitted` numbers (.npz)."""
    with np.load(path) as file:
        ranges = dict(zip(file["names"].tolist(), file["ranges"].astype(float), strict=True))
        return Fitted(ranges, file["rest"].astype(np.float64), file["identity"].astype(np.float64))


@dataclass(frozen=True, slots=True, eq=False)
class NeutralFace:
    """A face at rest, from which a fit starts."""

    points: Floats
    """(N, 3) nodes."""
    identity: Floats
    """(R, N, 3) ways in which the person's true face may differ from ``points``."""
    precision: Floats
    """(R, R) inverse covariance of their amounts."""
    fields: Floats
    """(C, N, 3) how far a coefficient of 1 moves the nodes of this face."""
    whitened: Floats
    """(C + R, N, 3) fields and identity, in which the noise of the nodes is independent."""
    sparsity: Floats
    """(C,) cost of a coefficient of 1."""


@dataclass(frozen=True, slots=True, eq=False)
class BlendshapeFit:
    """What a fit found."""

    coefficients: Floats
    """(C,) in the order of `BlendshapeModel.names`."""
    precision: Floats
    """(C, C) inverse covariance of the coefficients before the bounds."""
    identity: Floats
    """(R,) amounts of `NeutralFace.identity`."""
    covariance: Floats
    """(R, R) of ``identity``, where the coefficients are known."""
    residual: Floats
    """(N, 3) what the model leaves, in the face's frame; nothing along the line of sight."""


class BlendshapeModel:
    """Fits coefficients to the landmarks of one network.

    Args:
        topology: of the network.
        fitted: ranges, rest and identity; None for those of the package.

    Attributes:
        names: of the coefficients, in the order of the fit.

    Raises:
        InvalidInputError: the topology has no mean face, lacks a group, or has too few landmarks.
    """

    def __init__(self, topology: Topology, fitted: Fitted | None = None) -> None:
        fitted = shipped() if fitted is None else fitted
        if topology.mean_shape is None:
            raise InvalidInputError(NO_MEAN_SHAPE)
        self.names = tuple(fitted.ranges)
        self.nodes = node_indices(topology)
        self._ranges = np.array([fitted.ranges[name] for name in self.names])
        points = np.asarray(topology.mean_shape, np.float64)[self.nodes] + fitted.rest
        self._identity = fitted.identity
        self._sparsity = np.array(
            [SPARSITY / 2 if _is_one_side(n) else SPARSITY for n in self.names]
        )
        self.average = self.resting(points)

    def fit(self, face: Face, neutral: NeutralFace | None = None) -> BlendshapeFit:
        """Fit the coefficients of a face.

        Raises:
            InvalidInputError: the landmarks have no pose.
        """
        rest = self.average if neutral is None else neutral
        image = np.asarray(face.landmarks[self.nodes], np.float64)
        return fit_nodes(image, rest)

    def neutral(self, faces: Sequence[Face]) -> NeutralFace:
        """Return the face at rest of a person, from faces of that person at rest.

        The median leaves out single blinks.

        Args:
            faces: at least one.

        Raises:
            InvalidInputError: the landmarks of a face have no pose.
        """
        points, covariances = [], []
        for face in faces:
            image = np.asarray(face.landmarks[self.nodes], np.float64)
            fit = self.fit_identity(image)
            known = np.tensordot(fit.identity, self._identity, axes=1)
            points.append(self.average.points + known + fit.residual)
            covariances.append(fit.covariance)
        covariance = NEUTRAL_UNCERTAINTY * np.mean(covariances, axis=0)
        return self.resting(np.median(points, axis=0), covariance)

    def resting(self, points: Floats, covariance: Floats | None = None) -> NeutralFace:
        """Return the face at rest with these nodes.

        Args:
            points: (N, 3) nodes, in the face's frame.
            covariance: (R, R) how uncertain the amounts of the identity still are; None if nothing
                is known of the person.
        """
        found = displacement_fields(points, node_topology())
        fields = np.stack([found[name] for name in self.names]) * self._ranges[:, None, None]
        size = len(self._identity)
        if covariance is None:
            covariance = IDENTITY_SHARE**2 * np.eye(size)
        whitened = np.einsum("mn,cnd->cmd", whitening(), np.concatenate([fields, self._identity]))
        rest = NeutralFace(
            points,
            self._identity,
            np.asarray(np.linalg.inv(covariance)),
            fields,
            whitened,
            self._sparsity,
        )
        known = np.diag(fit_nodes(points[:, :2], rest).precision) - DAMPING
        return replace(rest, sparsity=np.minimum(self._sparsity, LARGEST_LOSS * known))

    def fit_identity(self, image: Floats) -> BlendshapeFit:
        """Fit a face (N, 2) that is known to be at rest."""
        size = len(self._identity)
        person = replace(
            self.average,
            fields=self.average.fields[:0],
            whitened=self.average.whitened[-size:],
            sparsity=np.empty(0),
            precision=np.eye(size),
        )
        return fit_nodes(image, person)


def _is_one_side(name: str) -> bool:
    """Tell whether a coefficient moves one side; jawLeft moves all of the jaw."""
    is_whole = name.startswith("jaw") or name in ("mouthLeft", "mouthRight")
    return name.endswith(("Left", "Right")) and not is_whole


def fit_nodes(image: Floats, rest: NeutralFace, upper: float = 1.0) -> BlendshapeFit:
    """Fit coefficients to nodes in the image.

    Args:
        image: (N, 2) nodes.
        rest: where the fit starts.
        upper: largest coefficient.

    Raises:
        InvalidInputError: the nodes are not finite or lie on one line.
    """
    rotation, posed, change = _change(image, rest.points)
    camera = rotation[:2].T
    turned = np.concatenate([rest.whitened @ camera, _pose_columns(whitening() @ posed)])
    turned[-6:-4] = whitened_shifts()
    columns = turned.reshape(len(turned), -1)
    gram, right = columns @ columns.T, columns @ (whitening() @ change).ravel()
    count, size = len(rest.fields), len(rest.identity)
    nuisance = gram[count:, count:]
    nuisance[:size, :size] += rest.precision
    nuisance[range(size, size + 6), range(size, size + 6)] += POSE_DEVIATIONS**-2.0
    covariance = np.linalg.inv(nuisance)
    shared = gram[:count, count:]
    matrix = gram[:count, :count] - shared @ covariance @ shared.T + DAMPING * np.eye(count)
    vector = right[:count] - shared @ (covariance @ right[count:]) - rest.sparsity
    coefficients = solve_bounded(matrix, vector, upper)
    free = covariance @ (right[count:] - shared.T @ coefficients)
    moved = np.tensordot(coefficients, rest.fields, axes=1)
    moved += np.tensordot(free[:size], rest.identity, axes=1)
    turns = np.tensordot(free[size:], _pose_columns(posed), axes=1)
    return BlendshapeFit(
        coefficients,
        matrix,
        free[:size],
        covariance[:size, :size],
        (change - moved @ camera - turns) @ rotation[:2],
    )


def _change(image: Floats, points: Floats) -> tuple[Floats, Floats, Floats]:
    """Return rotation (3, 3), posed points (N, 3), and how the image differs from them (N, 2)."""
    rigid = rigid_nodes()
    rotation = fit_rotation(image[rigid], points[rigid])
    if rotation is None or not np.isfinite(image).all():
        raise InvalidInputError(NO_POSE)
    posed = (points - points[rigid].mean(axis=0)) @ rotation.T
    centered = image - image[rigid].mean(axis=0)
    flat = posed[rigid, :2]
    scale = float((centered[rigid] * flat).sum() / (flat**2).sum())
    return rotation, posed, centered / scale - posed[:, :2]


def _pose_columns(posed: Floats) -> Floats:
    """Return (6, N, 2) what small shifts, scalings and turns do to nodes in the image."""
    x, y, z = posed.T
    zero, one = np.zeros_like(x), np.ones_like(x)
    return np.array(
        [
            np.column_stack(pair)
            for pair in ((one, zero), (zero, one), (x, y), (zero, -z), (z, zero), (-y, x))
        ]
    )
