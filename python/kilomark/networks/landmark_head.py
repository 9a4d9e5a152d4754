"""The head that turns a trunk's features into landmarks, their spread and a presence score."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

# Landmarks are predicted in units of a quarter crop around the crop's center, where they have a
# standard deviation of about one.
UNITS_PER_CROP = 4.0
GRID = 8  # features are brought to 8 x 8 cells before the landmarks are read off


class LandmarkOutput(NamedTuple):
    """What a landmark network says of a batch of crops.

    Attributes:
        landmarks: (N, K, 2) fractions of the crop's side.
        log_spread: (N, K) logarithm of the expected error, itself a fraction of the crop's side.
        presence_logit: (N,).
    """

    landmarks: Tensor
    log_spread: Tensor
    presence_logit: Tensor


class CompactHead(nn.Module):
    """Landmarks through a narrow grid of features and a low-rank linear map.

    A face's landmarks move in a space of far fewer dimensions than there are coordinates, so the
    map from the grid to the coordinates goes through ``rank`` numbers. That takes the
    baseline's 262 million parameters down to about one million. Spread and presence are
    properties of the whole crop and are read off the pooled features.
    """

    def __init__(
        self, in_channels: int, num_landmarks: int, *, grid_channels: int = 48, rank: int = 192
    ) -> None:
        super().__init__()
        self.num_landmarks = num_landmarks
        self.reduce = nn.Sequential(
            nn.Conv2d(in_channels, grid_channels, 1, bias=False),
            nn.BatchNorm2d(grid_channels),
            nn.ReLU(inplace=True),
        )
        self.coefficients = nn.Linear(grid_channels * GRID * GRID, rank)
        self.coordinates = nn.Linear(rank, 2 * num_landmarks)
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

    def forward(self, features: Tensor) -> LandmarkOutput:
        """Read (N, C, h, w) features."""
        grid = self.reduce(features)
        if grid.shape[-2:] != (GRID, GRID):
            grid = nn.functional.interpolate(
                grid, (GRID, GRID), mode="bilinear", align_corners=False
            )
        coordinates = self.coordinates(self.coefficients(grid.flatten(1)))
        quality = self.quality(features)
        return LandmarkOutput(
            landmarks=coordinates.reshape(-1, self.num_landmarks, 2) / UNITS_PER_CROP + 0.5,
            log_spread=quality[:, :-1],
            presence_logit=quality[:, -1],
        )
