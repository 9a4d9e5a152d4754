"""The face finder: a small anchor-free network over three strides."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

STRIDES = (8, 16, 32)
NUM_KEYPOINTS = 5


class FinderOutput(NamedTuple):
    """What the finder says of each of the M cells of all strides, row by row.

    Attributes:
        score_logits: (N, M).
        distances: (N, M, 4) left, top, right, bottom from the cell's centre, in strides.
        keypoints: (N, M, 5, 2) offsets from the cell's centre, in strides.
    """

    score_logits: Tensor
    distances: Tensor
    keypoints: Tensor


def convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """3x3 convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def separable(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """3x3 depthwise then 1x1 convolution, each with batch norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False),
        nn.BatchNorm2d(inputs),
        nn.ReLU(inplace=True),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Reduction(nn.Module):
    """Half as high and wide: a separable convolution, and beside it all that 2x2 pixels hold.

    A depthwise convolution keeps one number of each channel's 2x2, which is too little of a face
    that is 4 pixels wide by then.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.body = separable(inputs, outputs, 2)
        self.pixels = nn.Sequential(
            nn.Conv2d(inputs, outputs, 2, 2, bias=False), nn.BatchNorm2d(outputs)
        )

    def forward(self, features: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H / 2, W / 2); H and W are even."""
        total: Tensor = self.body(features) + self.pixels(features)
        return total


class Residual(nn.Module):
    """A separable convolution added to its input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = separable(channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        """Keep the shape."""
        total: Tensor = features + self.body(features)
        return total


class FaceFinder(nn.Module):
    """Depthwise-separable trunk, top-down sums, one head shared by the strides 8, 16 and 32."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            convolution(3, 16, 2), separable(16, 32, 2), *(Residual(32) for _ in range(4))
        )
        self.stages = nn.ModuleList(
            [
                nn.Sequential(Reduction(32, 64), *(Residual(64) for _ in range(6))),
                nn.Sequential(separable(64, 112, 2), *(Residual(112) for _ in range(5))),
                nn.Sequential(separable(112, 160, 2), *(Residual(160) for _ in range(3))),
            ]
        )
        self.lateral = nn.ModuleList(nn.Conv2d(c, width, 1) for c in (64, 112, 160))
        self.smooth = nn.ModuleList(separable(width, width) for _ in STRIDES)
        self.tower = nn.Sequential(separable(width, width), separable(width, width))
        self.score = nn.Conv2d(width, 1, 1)
        self.shape = nn.Conv2d(width, 4 + 2 * NUM_KEYPOINTS, 1)
        self.stride_scale = nn.Parameter(torch.ones(len(STRIDES)))
        nn.init.constant_(self.score.get_parameter("bias"), -4.0)
        nn.init.normal_(self.shape.weight, std=0.01)

    def forward(self, images: Tensor) -> FinderOutput:
        """Read (N, 3, H, W) normalised RGB images; H and W are multiples of 32."""
        features = self.stem(images)
        pyramid = []
        for stage, lateral in zip(self.stages, self.lateral, strict=True):
            features = stage(features)
            pyramid.append(lateral(features))
        for finer in reversed(range(len(STRIDES) - 1)):
            coarse = nn.functional.interpolate(pyramid[finer + 1], scale_factor=2.0)
            pyramid[finer] = pyramid[finer] + coarse
        return self._read(pyramid)

    def _read(self, pyramid: list[Tensor]) -> FinderOutput:
        scores, shapes = [], []
        for level, features in enumerate(pyramid):
            features = self.tower(self.smooth[level](features))
            scores.append(self.score(features).flatten(1))
            shape = self.shape(features) * self.stride_scale[level]
            shapes.append(shape.flatten(2).transpose(1, 2))  # (N, cells, 14)
        shape = torch.cat(shapes, 1)
        return FinderOutput(
            score_logits=torch.cat(scores, 1),
            distances=nn.functional.softplus(shape[..., :4]),
            keypoints=shape[..., 4:].reshape(shape.shape[0], shape.shape[1], NUM_KEYPOINTS, 2),
        )


def cell_centres(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Centres (M, 2) in input pixels and stride (M,) of all cells, in the output's order."""
    centres, strides = [], []
    for stride in STRIDES:
        y = (torch.arange(height // stride) + 0.5) * stride
        x = (torch.arange(width // stride) + 0.5) * stride
        grid = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], -1).reshape(-1, 2)
        centres.append(grid)
        strides.append(torch.full((len(grid),), float(stride)))
    return torch.cat(centres), torch.cat(strides)
