"""Fitting a head of presence on features that the trunk gives once."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from kilomark.errors import InvalidInputError
from kilomark.networks.normalization import normalize
from kilomark.training.averaging import update_average

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kilomark.networks.landmark_head import PresenceHead
    from kilomark.networks.landmark_network import LandmarkNetwork

    from .candidates import Candidates

__all__ = ["FitSettings", "Samples", "SamplesBuilder", "cross_validate", "fit_head", "logits_of"]

Array = np.ndarray[Any, Any]

_FEATURE_BATCH = 64
_EMA_DECAY = 0.98


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How the head is fitted.

    Attributes:
        epochs: over all candidates.
        batch: of a step, or all candidates if they are fewer.
        learning_rate: at the start; it falls to 0 along a cosine.
        weight_decay: of AdamW.
        share_of_labels: target = share * label + (1 - share) * old presence, in labeled photos.
        seed: of the order and the folds.
    """

    epochs: int = 12
    batch: int = 256
    learning_rate: float = 1e-3
    weight_decay: float = 1e-3
    share_of_labels: float = 0.65
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Candidates of all photos, as the head sees them.

    Attributes:
        features: (N, C, h, w) float16 of the trunk.
        old_logits: (N,) of the head before it is fitted.
        scores: (N,) of the face detector.
        sides_px: (N,) longer side of the box.
        labels: (N,) 1 on a face, 0 on none.
        photos: (N,) number of the photo.
        is_in_picture: (N,) bool, whether that is a picture without faces.
    """

    features: torch.Tensor
    old_logits: Array
    scores: Array
    sides_px: Array
    labels: Array
    photos: Array
    is_in_picture: Array

    def __len__(self) -> int:
        return len(self.labels)

    def targets(self, share_of_labels: float) -> Array:
        """Targets (N,) of the presence."""
        old = 1 / (1 + np.exp(-self.old_logits))
        mixed = share_of_labels * self.labels + (1 - share_of_labels) * old
        return np.where(self.is_in_picture, 0.0, mixed)


@dataclass(slots=True, eq=False)
class SamplesBuilder:
    """Shows candidates to the trunk, photo by photo."""

    network: LandmarkNetwork
    _columns: list[tuple[Any, ...]] = field(default_factory=list)
    _num_photos: int = 0

    @torch.no_grad()
    def add(self, candidates: Candidates, *, is_in_picture: bool) -> None:
        """Add the candidates of one photo."""
        count = len(candidates)
        for first in range(0, count, _FEATURE_BATCH):
            rows = slice(first, first + _FEATURE_BATCH)
            features = normalize(torch.from_numpy(candidates.crops[rows]))
            for stage in self.network.trunk.children():
                features = stage(features)
            logits = self.network.head.presence(features).numpy()
            size = len(logits)
            self._columns.append(
                (
                    features.half(), logits, candidates.scores[rows], candidates.sides_px[rows],
                    candidates.labels[rows], np.full(size, self._num_photos),
                    np.full(size, is_in_picture),
                )
            )  # fmt: skip
        self._num_photos += 1

    def finish(self) -> Samples:
        """Join what was added.

        Raises:
            InvalidInputError: there is no candidate.
        """
        if not self._columns:
            raise InvalidInputError(
                "the face detector takes nothing for a face; expected photos and pictures in which "
                "it does"
            )
        features, *others = zip(*self._columns, strict=True)
        return Samples(torch.cat(features), *(np.concatenate(column) for column in others))


def fit_head(
    head: PresenceHead, samples: Samples, rows: Array, settings: FitSettings
) -> PresenceHead:
    """Return the averaged weights of a head that started at ``head`` and saw ``rows``."""
    random = torch.Generator().manual_seed(settings.seed)
    fitted, averaged = copy.deepcopy(head).train(), copy.deepcopy(head)
    optimizer = torch.optim.AdamW(
        fitted.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    targets = torch.from_numpy(samples.targets(settings.share_of_labels)).float()
    batch = min(settings.batch, len(rows))
    per_epoch = len(rows) // batch
    steps = settings.epochs * per_epoch
    order = torch.from_numpy(rows)
    for step in range(steps):
        if step % per_epoch == 0:
            order = order[torch.randperm(len(order), generator=random)]
        chosen = order[step % per_epoch * batch :][:batch]
        features = samples.features[chosen].float()
        if step % 2:
            features = features.flip(3)  # nearly those of the mirrored crop
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * (1 + math.cos(math.pi * step / steps)) / 2
        loss = nn.functional.binary_cross_entropy_with_logits(fitted(features), targets[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        update_average(averaged, fitted, step, _EMA_DECAY)
    return averaged.eval()


@torch.no_grad()
def logits_of(head: PresenceHead, samples: Samples, rows: Iterable[int]) -> Array:
    """Presence logits (M,) of the candidates ``rows``."""
    parts = torch.as_tensor(rows).split(_FEATURE_BATCH)
    return np.concatenate([head(samples.features[part].float()).numpy() for part in parts])


def cross_validate(head: PresenceHead, samples: Samples, settings: FitSettings) -> Array:
    """Presence logits (N,), each of a head that was fitted without the half with its photo."""
    folds = _folds(samples, settings.seed)
    logits = np.empty(len(samples))
    for fold in (0, 1):
        rows = np.flatnonzero(folds == fold)
        fitted = fit_head(head, samples, np.flatnonzero(folds != fold), settings)
        logits[rows] = logits_of(fitted, samples, rows)
    return logits


def _folds(samples: Samples, seed: int) -> Array:
    """Halves (N,): each holds half of the photos, and half of the pictures without faces."""
    rng = np.random.default_rng(seed)
    folds = np.zeros(len(samples), np.int64)
    for kind in (False, True):
        photos = rng.permutation(np.unique(samples.photos[samples.is_in_picture == kind]))
        folds[np.isin(samples.photos, photos[::2])] = 1
    return folds
