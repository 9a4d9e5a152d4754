"""The face detector: a small anchor-free network over three strides."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

__all__ = [
    "STRIDES",
    "FaceFinder",
    "FinderOutput",
    "Residual",
    "cell_centers",
    "convolution",
]

STRIDES = (8, 16, 32)
NUM_KEYPOINTS = 5
_CELL_VALUES = 1 + 4 + 2 * NUM_KEYPOINTS
_FIRST_SCORE_LOGIT = -4.0


class FinderOutput(NamedTuple):
    """What the finder says of each of the M cells of all strides, row by row.

    Attributes:
        score_logits: (N, M).
        distances: (N, M, 4) left, top, right, bottom from the cell's center, in strides.
        keypoints: (N, M, 5, 2) offsets from the cell's center, in strides.
    """

    score_logits: Tensor
    distances: Tensor
    keypoints: Tensor


def convolution(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution that keeps the size but for ``stride``, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, (kernel - stride + 1) // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """A dense 3x3 convolution added to its input, then ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, features: Tensor) -> Tensor:
        """Keep the shape."""
        total: Tensor = nn.functional.relu(features + self.norm(self.convolution(features)))
        return total


class FaceFinder(nn.Module):
    """Dense residual trunk, top-down sums, a head for each of the strides 8, 16 and 32.

    Few dense layers run faster on a CPU than many depthwise-separable ones of as many
    multiply-adds. The stem reduces 4 times at once.

    Args:
        channels: at the strides 4, 8, 16 and 32.
        blocks: residual convolutions at each of these.
        width: channels of the heads.
    """

    def __init__(
        self,
        channels: tuple[int, int, int, int] = (16, 32, 64, 96),
        blocks: tuple[int, int, int, int] = (1, 2, 2, 2),
        width: int = 32,
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            convolution(3, channels[0], 6, 4), *(Residual(channels[0]) for _ in range(blocks[0]))
        )
        self.stages = nn.ModuleList(
            nn.Sequential(
                convolution(inputs, outputs, 3, 2), *(Residual(outputs) for _ in range(number))
            )
            for inputs, outputs, number in zip(channels, channels[1:], blocks[1:], strict=False)
        )
        self.lateral = nn.ModuleList(nn.Conv2d(c, width, 1) for c in channels[1:])
        self.towers = nn.ModuleList(convolution(width, width) for _ in STRIDES)
        self.heads = nn.ModuleList(nn.Conv2d(width, _CELL_VALUES, 1) for _ in STRIDES)
        for head in self.heads:
            assert isinstance(head, nn.Conv2d)
            assert head.bias is not None
            nn.init.normal_(head.weight, std=0.01)
            nn.init.constant_(head.bias, 0.0)
            head.bias.data[0] = _FIRST_SCORE_LOGIT
            head.bias.data[1:5] = 1.0

    def forward(self, images: Tensor) -> FinderOutput:
        """Read (N, 3, H, W) normalized RGB images; H and W are multiples of 32."""
        features = self.stem(images)
        pyramid = []
        for stage, lateral in zip(self.stages, self.lateral, strict=True):
            features = stage(features)
            pyramid.append(lateral(features))
        for finer in reversed(range(len(STRIDES) - 1)):
            coarse = nn.functional.interpolate(pyramid[finer + 1], scale_factor=2.0)
            pyramid[finer] = pyramid[finer] + coarse
        cells = [
            head(tower(level)).flatten(2)
            for level, tower, head in zip(pyramid, self.towers, self.heads, strict=True)
        ]
        values = torch.cat(cells, 2).transpose(1, 2)  # (N, M, 15)
        return FinderOutput(
            score_logits=values[..., 0],
            distances=nn.functional.softplus(values[..., 1:5]),
            keypoints=values[..., 5:].reshape(*values.shape[:2], NUM_KEYPOINTS, 2),
        )


def make_large_face_finder() -> FaceFinder:
    """About three times the multiply-adds: for servers and for large landmark networks."""
    return FaceFinder(channels=(24, 48, 96, 128), blocks=(1, 3, 3, 3), width=48)


def cell_centers(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Centers (M, 2) in input pixels and stride (M,) of all cells, in the output's order."""
    centers, strides = [], []
    for stride in STRIDES:
        y = (torch.arange(height // stride) + 0.5) * stride
        x = (torch.arange(width // stride) + 0.5) * stride
        grid = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], -1).reshape(-1, 2)
        centers.append(grid)
        strides.append(torch.full((len(grid),), float(stride)))
    return torch.cat(centers), torch.cat(strides)
