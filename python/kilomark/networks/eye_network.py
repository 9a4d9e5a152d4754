"""The eye network: a crop of 48 x 32 px, small enough to run on both eyes of each face."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from kilomark.network_inputs import EYE_HEIGHT, EYE_WIDTH

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EyeNetwork", "EyeOutput"]

UNIT_PX = 10.0  # landmarks are predicted in this unit around the middle of the crop
LEAST_SPREAD_PX = 0.02
CHANNELS = (16, 16, 32, 32)
STRIDES = (2, 2, 2, 1)
WIDTH = 64  # of the hidden layer


class EyeOutput(NamedTuple):
    """What the network says of a batch of crops, in pixels of the crop.

    Attributes:
        landmarks: (N, K, 2).
        spread: (N, K) expected error.
    """

    landmarks: Tensor
    spread: Tensor


class EyeNetwork(nn.Module):
    """Four convolutions and one hidden layer: 91,000 parameters for 129 landmarks.

    Args:
        num_landmarks: K, of the lids, the iris and the pupil of a right eye.
    """

    def __init__(self, num_landmarks: int) -> None:
        super().__init__()
        self.num_landmarks = num_landmarks
        blocks, inputs = [], 3
        for outputs, stride in zip(CHANNELS, STRIDES, strict=True):
            blocks.append(
                nn.Sequential(
                    nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
                    nn.BatchNorm2d(outputs),
                    nn.ReLU(),
                )
            )
            inputs = outputs
        self.trunk = nn.Sequential(*blocks)
        cells = (EYE_WIDTH // 8) * (EYE_HEIGHT // 8)
        self.fc = nn.Sequential(nn.Flatten(), nn.Linear(inputs * cells, WIDTH), nn.ReLU())
        self.place = nn.Linear(WIDTH, 2 * num_landmarks)
        self.spread = nn.Linear(WIDTH, num_landmarks)
        self.middle: Tensor
        self.register_buffer(
            "middle", torch.tensor([EYE_WIDTH / 2, EYE_HEIGHT / 2]), persistent=False
        )

    @torch.no_grad()
    def start_at_shapes(self, landmarks: Tensor) -> None:
        """Start at the mean of example eyes, (M, K, 2) pixels of the crop."""
        mean = (landmarks.mean(0) - self.middle) / UNIT_PX
        self.place.weight.mul_(0.1)
        self.place.bias.copy_(mean.flatten())

    def unfolded(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Bring the weights of a bundle, which places pixels, back to the network's unit."""
        unfolded = dict(weights)
        if "place.weight" in unfolded and "place.bias" in unfolded:
            middle = self.middle.repeat(len(unfolded["place.bias"]) // 2)
            unfolded["place.weight"] = unfolded["place.weight"] / UNIT_PX
            unfolded["place.bias"] = (unfolded["place.bias"] - middle) / UNIT_PX
        return unfolded

    @torch.no_grad()
    def folded_place(self) -> nn.Linear:
        """The layer ``place`` as one that places pixels, for an export."""
        place = nn.Linear(WIDTH, 2 * self.num_landmarks)
        place.weight.copy_(UNIT_PX * self.place.weight)
        place.bias.copy_(UNIT_PX * self.place.bias + self.middle.repeat(self.num_landmarks))
        return place

    def forward(self, images: Tensor) -> EyeOutput:
        """Read (N, 3, 32, 48) normalized RGB crops."""
        features = self.trunk(images)
        with torch.autocast(features.device.type, enabled=False):  # bfloat16 rounds coordinates
            hidden = self.fc(features.float())
            placed = self.middle + UNIT_PX * self.place(hidden).unflatten(1, (-1, 2))
            spread = nn.functional.softplus(self.spread(hidden)) + LEAST_SPREAD_PX
        return EyeOutput(placed, spread)
