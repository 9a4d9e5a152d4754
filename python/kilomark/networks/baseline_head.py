"""The baseline's head: two fully connected layers, 262 million parameters for 971 landmarks."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kilomark.networks.landmark_head import GRID, UNITS_PER_CROP, LandmarkOutput

__all__ = ["CONSTANT_OUTPUTS", "BaselineHead"]

_HIDDEN_PER_LANDMARK = 4
_SURELY_PRESENT = 20.0  # a logit whose probability is 1 in single precision

# What of a bundle's outputs says the same of every crop; the manifest tells who reads it.
CONSTANT_OUTPUTS = ("spread", "presence")


class BaselineHead(nn.Module):
    """ReLU, flatten, dropout, linear, ReLU, linear, as in the baseline notebook.

    ``layers`` is the notebook's head, parameter for parameter; it reads 8 x 8 features, those of a
    128 px crop, and features of another size are resampled to that.

    The notebook's network gives landmarks and nothing else, while a bundle also gives a spread and
    a presence. They are constants here. The spread is one number a landmark, ``log_spread``, which
    training brings to the landmark's mean error (it gives the landmarks no gradient). The presence
    is 1: this network never says that there is no face.
    """

    def __init__(self, in_channels: int, num_landmarks: int) -> None:
        super().__init__()
        self.num_landmarks = num_landmarks
        hidden = _HIDDEN_PER_LANDMARK * num_landmarks
        self.layers = nn.Sequential(
            nn.ReLU(),
            nn.Flatten(),
            nn.Dropout(),
            nn.Linear(in_channels * GRID * GRID, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 2 * num_landmarks),
        )
        self.log_spread = nn.Parameter(torch.full((num_landmarks,), -4.0))

    @torch.no_grad()
    def start_at_shapes(self, landmarks: Tensor) -> None:
        """Start at the mean of example faces, (M, K, 2) fractions of the crop's side."""
        coordinates = self.layers[-1]
        coordinates.get_parameter("weight").mul_(0.1)
        mean = ((landmarks.mean(0) - 0.5) * UNITS_PER_CROP).flatten()
        coordinates.get_parameter("bias").copy_(mean)

    def forward(self, features: Tensor, detail: Tensor | None = None) -> LandmarkOutput:  # noqa: ARG002
        """Read (N, C, h, w) features; ``detail`` is for other heads."""
        if features.shape[-2:] != (GRID, GRID):
            features = nn.functional.interpolate(
                features, (GRID, GRID), mode="bilinear", align_corners=False
            )
        coordinates = self.layers(features).reshape(-1, self.num_landmarks, 2)
        count = features.shape[0]
        return LandmarkOutput(
            landmarks=coordinates / UNITS_PER_CROP + 0.5,
            log_spread=self.log_spread.expand(count, -1),
            presence_logit=features.new_full((count,), _SURELY_PRESENT),
        )
