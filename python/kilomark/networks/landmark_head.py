"""The head that turns a trunk's features into landmarks, their spread and a presence score."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

__all__ = ["GRID", "UNITS_PER_CROP", "CompactHead", "LandmarkOutput", "PresenceHead"]

# Landmarks are predicted in units of a quarter crop around the crop's center, where they have a
# standard deviation of about one.
UNITS_PER_CROP = 4.0
GRID = 8  # features are brought to 8 x 8 cells before the landmarks are read off
DETAIL_GRID = 16  # features of an earlier stage: lids and lips are narrower than a cell of 8 x 8


class LandmarkOutput(NamedTuple):
    """What a landmark network says of a batch of crops.

    Attributes:
        landmarks: (N, K, 2) fractions of the crop's side.
        log_spread: (N, K) logarithm of the expected error, itself a fraction of the crop's side.
        presence_logit: (N,).
        depth: (N, K) fractions of the crop's side, away from the camera, the mean over the
            landmarks being 0; None from a network without it.
    """

    landmarks: Tensor
    log_spread: Tensor
    presence_logit: Tensor
    depth: Tensor | None = None


class PresenceHead(nn.Module):
    """Whether a well-placed face is in the crop, read off the whole grid of features.

    Pooled features do not say where the parts of a face are: those of a turned crop are nearly the
    same. For `lite`, this head adds 2 % to the multiply-adds.

    Args:
        in_channels: of the features.
        grid_channels: channels of the grid.
        width: of the hidden layer.
    """

    def __init__(self, in_channels: int, *, grid_channels: int = 32, width: int = 64) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(in_channels, grid_channels, 1)
        self.hidden = nn.Linear(grid_channels * GRID * GRID, width)
        self.logit = nn.Linear(width, 1)

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, h, w) features -> (N,) logits."""
        grid = _resized(nn.functional.relu(self.reduce(features)), GRID)
        logits: Tensor = self.logit(nn.functional.relu(self.hidden(grid.flatten(1))))
        return logits[:, 0]


class CompactHead(nn.Module):
    """Landmarks through a narrow grid of features and a low-rank linear map.

    A face's landmarks move in a space of far fewer dimensions than there are coordinates, so the
    map from the grid to the coordinates goes through ``rank`` numbers. That takes the
    baseline's 262 million parameters down to about one million. Spread and presence are
    properties of the whole crop and are read off the pooled features.

    Args:
        in_channels: of the features.
        num_landmarks: K.
        grid_channels: channels of the grid.
        rank: numbers that the landmarks are a linear function of.
        with_depth: whether the landmarks' depth is predicted too, from the same numbers.
        detail: channels of an earlier stage's features, and how many of them are kept in a grid of
            16 x 16 that the landmarks are read off too; None for none.
        with_presence_head: whether presence has a `PresenceHead`, instead of being read off the
            pooled features.
    """

    def __init__(
        self,
        in_channels: int,
        num_landmarks: int,
        *,
        grid_channels: int = 48,
        rank: int = 192,
        with_depth: bool = False,
        detail: tuple[int, int] | None = None,
        with_presence_head: bool = False,
    ) -> None:
        super().__init__()
        self.num_landmarks = num_landmarks
        self.reduce = nn.Sequential(
            nn.Conv2d(in_channels, grid_channels, 1, bias=False),
            nn.BatchNorm2d(grid_channels),
            nn.ReLU(inplace=True),
        )
        self.coefficients = nn.Linear(grid_channels * GRID * GRID, rank)
        self.detail: nn.Module | None = None
        if detail is not None:
            self.detail = nn.Sequential(
                nn.Conv2d(detail[0], detail[1], 1, bias=False),
                nn.BatchNorm2d(detail[1]),
                nn.ReLU(inplace=True),
            )
            self.detail_coefficients = nn.Linear(detail[1] * DETAIL_GRID * DETAIL_GRID, rank)
            nn.init.zeros_(self.detail_coefficients.weight)
            nn.init.zeros_(self.detail_coefficients.bias)
        self.coordinates = nn.Linear(rank, 2 * num_landmarks)
        self.depth = nn.Linear(rank, num_landmarks) if with_depth else None
        self.presence = PresenceHead(in_channels) if with_presence_head else None
        log_spread_and_presence = nn.Linear(64, num_landmarks + 1)
        nn.init.normal_(log_spread_and_presence.weight, std=0.01)
        nn.init.constant_(log_spread_and_presence.bias, -4.0)
        self.quality = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(in_channels, 64),
            nn.ReLU(inplace=True),
            log_spread_and_presence,
        )

    @torch.no_grad()
    def start_at_shapes(self, landmarks: Tensor) -> None:
        """Start at the mean of example faces, moving along their principal components.

        Args:
            landmarks: (M, K, 2) fractions of the crop's side.
        """
        flat = ((landmarks - 0.5) * UNITS_PER_CROP).flatten(1)
        mean = flat.mean(0)
        rank = self.coordinates.in_features
        _, strengths, components = torch.linalg.svd(flat - mean, full_matrices=False)
        deviations = strengths[:rank] / len(flat) ** 0.5
        self.coordinates.weight.zero_()
        self.coordinates.weight[:, : len(deviations)] = (deviations[:, None] * components[:rank]).T
        self.coordinates.bias.copy_(mean)
        self.coefficients.weight.mul_(0.1)

    def forward(self, features: Tensor, detail: Tensor | None = None) -> LandmarkOutput:
        """Read (N, C, h, w) features, and those of the earlier stage if the head has ``detail``."""
        grid = _resized(self.reduce(features), GRID)
        coefficients = self.coefficients(grid.flatten(1))
        if self.detail is not None and detail is not None:
            fine = _resized(self.detail(detail), DETAIL_GRID)
            coefficients = coefficients + self.detail_coefficients(fine.flatten(1))
        coordinates = self.coordinates(coefficients)
        quality = self.quality(features)
        depth = None if self.depth is None else self.depth(coefficients) / UNITS_PER_CROP
        presence = quality[:, -1] if self.presence is None else self.presence(features)
        return LandmarkOutput(
            landmarks=coordinates.reshape(-1, self.num_landmarks, 2) / UNITS_PER_CROP + 0.5,
            log_spread=quality[:, :-1],
            presence_logit=presence,
            depth=depth,
        )


def _resized(features: Tensor, grid: int) -> Tensor:
    """Bring (N, C, h, w) features to a grid of ``grid`` x ``grid``."""
    if features.shape[-2:] == (grid, grid):
        return features
    return nn.functional.interpolate(features, (grid, grid), mode="bilinear", align_corners=False)
