"""The default landmark network: torchvision's ResNeXt50 up to layer3 and a head."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn
from torchvision.models import resnext50_32x4d

from kilomark.networks.baseline_head import BaselineHead
from kilomark.networks.landmark_head import CompactHead
from kilomark.networks.landmark_network import HeadName, LandmarkNetwork

__all__ = ["make_resnext50"]

_CHANNELS = 1024


def make_resnext50(num_landmarks: int, head: HeadName = "compact") -> LandmarkNetwork:
    """ResNeXt50-32x4d without layer4, pooling and classifier, as in the baseline notebook.

    The trunk keeps torchvision's parameter names, so that any ``resnext50_32x4d`` weights load.
    """
    layers = list(resnext50_32x4d(weights=None).named_children())[:-3]
    trunk = nn.Sequential(OrderedDict(layers))
    if head == "baseline":
        return LandmarkNetwork(trunk, BaselineHead(_CHANNELS, num_landmarks))
    return LandmarkNetwork(trunk, CompactHead(_CHANNELS, num_landmarks, with_depth=True))
