"""The landmark network for CPUs: depthwise-separable blocks where they cost least.

Its shape was chosen by time on one thread. Only the stem works at 64 x 64; most blocks work at
16 x 16 and 8 x 8. The activation is ReLU, since all others cost more.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

from kilomark.networks.baseline_head import BaselineHead
from kilomark.networks.landmark_head import CompactHead
from kilomark.networks.landmark_network import HeadName, LandmarkNetwork

__all__ = ["SeparableBlock", "make_lite"]

# Channels, blocks and depthwise kernel of each stage; each stage halves the resolution.
STAGES = ((48, 2, 3), (96, 4, 3), (192, 5, 5))
STEM_CHANNELS = 24
DETAIL_CHANNELS = 8  # of stage 2, 16 x 16, for lids and lips


class SeparableBlock(nn.Module):
    """Depthwise then 1x1 convolution, added to the input where the shapes allow."""

    def __init__(self, inputs: int, outputs: int, *, stride: int, kernel: int) -> None:
        super().__init__()
        self.depthwise = nn.Sequential(
            nn.Conv2d(inputs, inputs, kernel, stride, kernel // 2, groups=inputs, bias=False),
            nn.BatchNorm2d(inputs),
            nn.ReLU(inplace=True),
        )
        self.pointwise = nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
        )
        self.has_skip = stride == 1 and inputs == outputs

    def forward(self, features: Tensor) -> Tensor:
        """Read (N, inputs, H, W)."""
        change = self.pointwise(self.depthwise(features))
        return nn.functional.relu(features + change if self.has_skip else change)


def make_lite(num_landmarks: int, head: HeadName = "compact") -> LandmarkNetwork:
    """Eleven separable blocks (29 million multiply-adds at 128 px) and a head."""
    stem = nn.Sequential(
        nn.Conv2d(3, STEM_CHANNELS, 3, 2, 1, bias=False),
        nn.BatchNorm2d(STEM_CHANNELS),
        nn.ReLU(inplace=True),
    )
    layers: list[tuple[str, nn.Module]] = [("stem", stem)]
    inputs = STEM_CHANNELS
    for stage, (channels, num_blocks, kernel) in enumerate(STAGES, start=1):
        blocks = []
        for block in range(num_blocks):
            stride = 2 if block == 0 else 1
            blocks.append(SeparableBlock(inputs, channels, stride=stride, kernel=kernel))
            inputs = channels
        layers.append((f"stage{stage}", nn.Sequential(*blocks)))
    trunk = nn.Sequential(OrderedDict(layers))
    if head == "baseline":
        return LandmarkNetwork(trunk, BaselineHead(inputs, num_landmarks))
    head_with_detail = CompactHead(
        inputs,
        num_landmarks,
        grid_channels=32,
        rank=128,
        with_depth=True,
        detail=(STAGES[1][0], DETAIL_CHANNELS),
        with_presence_head=True,
    )
    return LandmarkNetwork(trunk, head_with_detail, detail_stage="stage2")
